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

void import("./demo.js");

// A link that a phone can open, or what makes one. To a visitor on this computer the server tells its address in the network.
const local = /^(localhost|127\.|\[::1\])/.test(location.hostname);
const lan = async () => {
  const answer = await fetch("lan");
  return answer.ok ? (await answer.json()).url : null;
};
const origin = local ? await lan() : location.origin;
$("phone").hidden = !origin;
$("no-phone").hidden = Boolean(origin);
$("port").textContent = location.port || "80";
if (origin) $("link").value = new URL(location.pathname, origin).href;
$("copy").addEventListener("click", async () => {
  $("link").select();
  // Without https a page has no clipboard; then the link is at least selected.
  await navigator.clipboard?.writeText($("link").value);
  $("copied").textContent = navigator.clipboard ? "copied" : "selected";
});
