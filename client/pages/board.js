// The board: notes, pointers and the state of the connection. demo.js connects it to the collections.
import { Note } from "./note.js";
import { Outgoing } from "./outgoing.js";

const $ = id => document.getElementById(id);
const pick = list => list[Math.floor(Math.random() * list.length)];
const clamp = value => Math.min(1, Math.max(0, Number(value) || 0));
const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, "0")).join("");
const HUES = [48, 90, 150, 200, 280, 330];
const TEXT = "/text";

export const me = randomId();
export const name = pick(["Otter", "Finch", "Lynx", "Heron", "Badger", "Marten", "Raven", "Hare", "Newt", "Wren", "Stoat", "Seal"]);
export const hue = Math.floor(Math.random() * 360);

/** What demo.js calls to draw, and the `on...` that it sets to be told. Positions are 0-1 of the board's free room. */
export const board = {
  async onChange() { return { ok: true }; }, onPoint() {}, onLeave() {},

  /** Called with what has just happened: `connect`, `draw`, `change` or `state`. */
  onStep() {},

  drawNotes(diffs) {
    if (diffs.length > 0) board.onStep("draw");
    for (const { id, new: item } of diffs) {
      if (item) latest.set(id, item);
      else latest.delete(id);
      redraw(id);
    }
    $("empty").hidden = notes.size > 0;
  },

  drawPeople(diffs) {
    for (const { id, new: person } of diffs) drawPerson(id, person);
    drawStatus();
  },

  /** Fades the pointers of visitors that were not seen for a while, and returns the ids of those that must be gone. */
  fade(all, now) {
    for (const { id, seen } of all) people.get(id)?.classList.toggle("fading", !(now - seen < 12));
    return all.filter(({ id, seen }) => id !== me && !(now - seen < 25)).map(({ id }) => id);
  },

  drawState(state) {
    if (state === connection) return;
    connection = state;
    if (state === "connected") void point(); // The others count this visitor from now on.
    board.onStep("state");
    drawStatus();
  },

  /** For a board that was never used. */
  firstNotes: [
    ["welcome-1", "Drag me: the other window follows.", 0.08, 0.1, 48],
    ["welcome-2", "Write on me.", 0.85, 0.35, 200],
    ["welcome-3", "This note is JSON:\n{ x, y, z, text }", 0.25, 0.85, 150],
  ].flatMap(([id, text, x, y, hue], z) => [{ id, x, y, z, hue }, { id: id + TEXT, text }]),
};

const notes = new Map();
const people = new Map();
/** What the server has. */
const latest = new Map();
const present = new Set([me]);
let connection = "connecting";

const outgoing = new Outgoing(changes => {
  board.onStep("change");
  return board.onChange(changes);
}, ids => {
  for (const id of ids) redraw(id);
  drawStatus();
}, message => {
  $("lost").textContent = `A change was lost: ${message}`;
});

/** Shows what the server has, unless a newer change of this visitor is on its way. */
function redraw(id) {
  if (!outgoing.has(id)) draw(id, latest.get(id));
}

function draw(id, item) {
  if (id.endsWith(TEXT)) return notes.get(id.slice(0, -TEXT.length))?.showText(String(item?.text ?? ""));
  if (!item) return removeNote(id);
  const note = notes.get(id) ?? addNote(id);
  note.showPlace(item);
}

/** The z of the note in front. */
const top = () => Math.max(0, ...[...notes.values()].map(({ z }) => z));

function addNote(id) {
  const change = ({ place, text, remove }) => {
    if (place) outgoing.put(id, { id, ...place });
    if (text !== undefined) outgoing.put(id + TEXT, { id: id + TEXT, text });
    if (!remove) return;
    outgoing.put(id, undefined);
    outgoing.put(id + TEXT, undefined);
    removeNote(id);
  };
  const free = () => [id, id + TEXT].forEach(redraw);
  const note = new Note(id, { change, top, free });
  notes.set(id, note);
  $("board").append(note.element);
  note.showText(String(latest.get(id + TEXT)?.text ?? ""));
  return note;
}

/** Keeps the focus where it was: on the next note, or on the button that adds one. */
function removeNote(id) {
  const note = notes.get(id);
  if (!note) return;
  const hadFocus = note.element.contains(document.activeElement);
  const ids = [...notes.keys()];
  const next = notes.get(ids[ids.indexOf(id) + 1] ?? ids[ids.indexOf(id) - 1])?.element ?? $("add");
  note.element.remove();
  notes.delete(id);
  $("empty").hidden = notes.size > 0;
  if (hadFocus) next.focus();
}

function drawPerson(id, person) {
  if (person) present.add(id);
  else if (id !== me) present.delete(id);
  if (id === me) return;
  let element = people.get(id);
  if (!person) {
    element?.remove();
    people.delete(id);
    return;
  }
  if (!element) {
    element = document.createElement("div");
    element.className = "pointer";
    element.dataset.id = id;
    element.append(document.createElement("span"));
    people.set(id, element);
    $("board").append(element);
  }
  const properties = { "--x": clamp(person.x), "--y": clamp(person.y), "--hue": Number(person.hue) || 0 };
  for (const [property, value] of Object.entries(properties)) element.style.setProperty(property, value);
  element.firstChild.textContent = person.name;
}

const STATES = { connected: "connected", closed: "closed", connecting: "connecting…", waiting: "connecting…" };

function drawStatus() {
  $("status").dataset.state = connection;
  $("status").dataset.here = present.size;
  const text = `${connection === "connected" && outgoing.late ? "saving…" : STATES[connection]} · ${present.size} here`;
  if ($("status").textContent !== text) $("status").textContent = text; // Or a screen reader would say it at each move.
}

$("add").addEventListener("click", () => {
  const id = `${Date.now().toString(36)}-${randomId()}`;
  const place = { x: 0.5, y: 0.5, z: top() + 1, hue: pick(HUES) };
  draw(id, place);
  outgoing.put(id, { id, ...place });
  $("empty").hidden = true;
  notes.get(id).write();
});

// Where this pointer is; said again now and then, so that the others know that it is still here.
const here = { x: Math.random(), y: Math.random(), name, hue };
let pointing = false;
async function point() {
  if (pointing || document.visibilityState !== "visible") return;
  pointing = true;
  await Promise.all([board.onPoint({ ...here }), new Promise(resolve => setTimeout(resolve, 33))]);
  pointing = false;
}
$("board").addEventListener("pointermove", ({ clientX, clientY }) => {
  const { left, top, width, height } = $("board").getBoundingClientRect();
  here.x = clamp((clientX - left) / width);
  here.y = clamp((clientY - top) / height);
  void point();
});
setInterval(point, 5000);
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? point() : board.onLeave()));
addEventListener("pagehide", () => board.onLeave());
addEventListener("pageshow", point);

// A visitor who leaves with changes that wait for a connection would lose them: the browser asks.
addEventListener("beforeunload", event => {
  if (outgoing.busy && (outgoing.late || connection !== "connected")) event.preventDefault();
});
drawStatus();
