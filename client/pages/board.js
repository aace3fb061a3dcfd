// The board: notes, pointers and the state of the connection. demo.js connects it to the collections.
import { Note } from "./note.js";
import { Outgoing } from "./outgoing.js";

const $ = id => document.getElementById(id);
const pick = list => list[Math.floor(Math.random() * list.length)];
const clamp = value => Math.min(1, Math.max(0, Number(value) || 0));
const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, "0")).join("");
const HUES = [48, 90, 150, 200, 280, 330];
const NAMES = ["Otter", "Finch", "Lynx", "Heron", "Badger", "Marten", "Raven", "Hare", "Newt", "Wren", "Stoat", "Seal"];

/** What demo.js calls to draw, and the `on...` that it sets to be told. Positions are 0-1 of the board's free room. */
export const board = {
  async onChange() { return { ok: true }; }, onPoint() {}, onWave() {},

  /** This visitor, as the others see it. */
  me: { x: Math.random(), y: Math.random(), name: pick(NAMES), hue: Math.floor(Math.random() * 360) },

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

  drawWaves(count) {
    $("waves").textContent = String(Number(count) || 0);
  },

  drawState(state) {
    if (state === connection) return;
    connection = state;
    board.onStep("state");
    drawStatus();
  },

  /** For a board that was never used. */
  firstNotes: [
    ["welcome-1", "Drag me: the other window follows.", 0.08, 0.1, 48],
    ["welcome-2", "Write on me.", 0.85, 0.35, 200],
    ["welcome-3", "This note is JSON:\n{ x, y, z, text }", 0.25, 0.85, 150],
  ].map(([id, text, x, y, hue], z) => ({ id, x, y, z, hue, text })),
};

const notes = new Map();
const people = new Map();
/** What the server has. */
const latest = new Map();
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

/** Shows what the server has, with the fields of it that this visitor has changed since. */
function redraw(id) {
  const mine = outgoing.changesOf(id);
  if (mine !== null) draw(id, mine || latest.has(id) ? { ...latest.get(id), ...mine } : undefined);
}

function draw(id, item) {
  if (!item) return removeNote(id);
  const note = notes.get(id) ?? addNote(id);
  note.showPlace(item);
  note.showText(String(item.text ?? ""));
}

/** The z of the note in front. */
const top = () => Math.max(0, ...[...notes.values()].map(({ z }) => z));

function addNote(id) {
  const change = ({ place, text, remove }) => {
    if (place) outgoing.patch(id, place);
    if (text !== undefined) outgoing.patch(id, { text });
    if (!remove) return;
    outgoing.remove(id);
    removeNote(id);
  };
  const free = () => redraw(id);
  const note = new Note(id, { change, top, free });
  notes.set(id, note);
  $("board").append(note.element);
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
  const here = people.size + 1;
  $("status").dataset.here = here;
  const text = `${connection === "connected" && outgoing.late ? "saving…" : STATES[connection]} · ${here} here`;
  if ($("status").textContent !== text) $("status").textContent = text; // Or a screen reader would say it at each move.
}

$("add").addEventListener("click", () => {
  const id = `${Date.now().toString(36)}-${randomId()}`;
  const place = { x: 0.5, y: 0.5, z: top() + 1, hue: pick(HUES) };
  draw(id, place);
  outgoing.patch(id, place);
  $("empty").hidden = true;
  notes.get(id).write();
});

// Where this pointer is, about 30 times a second.
let pointing = false, moved = false;
async function point(at) {
  Object.assign(board.me, at);
  moved = true;
  if (pointing) return;
  pointing = true;
  while (moved) {
    moved = false;
    await Promise.all([board.onPoint({ ...board.me }), new Promise(resolve => setTimeout(resolve, 33))]);
  }
  pointing = false;
}
$("board").addEventListener("pointermove", ({ clientX, clientY }) => {
  const { left, top, width, height } = $("board").getBoundingClientRect();
  void point({ x: clamp((clientX - left) / width), y: clamp((clientY - top) / height) });
});
$("wave").addEventListener("click", () => board.onWave());

// A visitor who leaves with changes that wait for a connection would lose them: the browser asks.
addEventListener("beforeunload", event => {
  if (outgoing.busy && (outgoing.late || connection !== "connected")) event.preventDefault();
});
drawStatus();
