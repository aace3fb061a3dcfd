// What the first page has around its board: the five lines with the one that just ran, the rest of the code, the second window, and the
// link for a phone.
import { board } from "./board.js";

const $ = id => document.getElementById(id);

/** Which line runs at which step of the board. */
const LINES = { draw: "notes.subscribe(", change: "board.onChange", state: "client.subscribe(" };

const source = (await (await fetch(new URL("demo.js", import.meta.url))).text()).trimEnd().split("\n");
const first = source.findIndex(line => line.startsWith("const client"));
const lines = source.slice(first, first + 5).map(text => {
  const line = document.createElement("span");
  line.className = "line";
  line.textContent = `${text}\n`;
  return line;
});
$("lines").replaceChildren(...lines);
$("code").textContent = source.join("\n");

board.onStep = step => {
  const line = lines.find(({ textContent }) => textContent.startsWith(LINES[step]));
  for (const other of lines) other.classList.toggle("ran", other === line);
};

// A link that a phone can open, or what makes one.
const local = /^(localhost|127\.|\[::1\])/.test(location.hostname);
$("phone").hidden = local;
$("no-phone").hidden = !local;
$("port").textContent = location.port || "80";
$("link").value = location.href;
$("copy").addEventListener("click", async () => {
  $("link").select();
  // Without https a page has no clipboard; then the link is at least selected.
  await navigator.clipboard?.writeText(location.href);
  $("copied").textContent = navigator.clipboard ? "copied" : "selected";
});

import("./demo.js");
