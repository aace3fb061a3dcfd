// Shows a page's own code on the page.
addEventListener("DOMContentLoaded", () => {
  const lines = document.querySelector("script[type=module]").textContent.trim().split("\n");
  document.getElementById("code").textContent = lines.map(line => line.replace(/^ {4}/, "")).join("\n");
});
