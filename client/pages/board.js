// Everything of the first page that is not shared: elements, dragging, the mouse. demo.js connects it to the collections.

const $ = id => document.getElementById(id);
const pick = list => list[Math.floor(Math.random() * list.length)];
const clamp = value => Math.min(1, Math.max(0, Number(value) || 0));

export const me = Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, "0")).join("");
const name = pick(["Otter", "Finch", "Lynx", "Heron", "Badger", "Marten", "Raven", "Hare", "Newt", "Wren", "Stoat", "Seal"]);
const hue = Math.floor(Math.random() * 360);

/** Sends items to a collection, the newest of each id, one update at a time and about 30 a second: what a slow network can follow. */
export function newest(collection) {
  const waiting = new Map();
  let sending = false;
  return async item => {
    waiting.set(item.id, item);
    if (sending) return;
    sending = true;
    while (waiting.size > 0) {
      const insert = [...waiting.values()];
      waiting.clear();
      await Promise.all([collection.update({ insert }), new Promise(resolve => setTimeout(resolve, 33))]);
    }
    sending = false;
  };
}

/** What demo.js calls to draw, and the `on...` that it sets to be told. Positions are 0-1 of the board's width and height. */
export const board = {
  onNote() {}, onDelete() {}, async onClick() {}, onPoint() {}, onLeave() {},

  drawNotes(diffs) {
    for (const { id, new: note } of diffs) draw(notes, id, note, noteElement, showNote);
    $("empty").hidden = notes.size > 0;
  },

  drawPeople(diffs) {
    for (const { id, new: person } of diffs) {
      if (id !== me) draw(people, id, person, pointerElement, showPointer);
    }
  },

  drawClicks(counts) {
    $("count").textContent = counts.reduce((sum, { n }) => sum + n, 0);
  },

  /** Fades the pointers of those who were not seen for a while, and returns the ids of those who must be gone. */
  fade(all, now) {
    for (const { id, seen } of all) people.get(id)?.classList.toggle("fading", !(now - seen < 12));
    return all.filter(({ seen }) => !(now - seen < 25)).map(({ id }) => id);
  },

  drawState(state, here) {
    $("status").dataset.state = state;
    $("status").dataset.here = here;
    const text = `${state} · ${here} here`;
    if ($("status").textContent !== text) $("status").textContent = text; // Or a screen reader would say it at each move.
  },
};

const notes = new Map();
const people = new Map();

function draw(elements, id, item, create, show) {
  let element = elements.get(id);
  if (!item) {
    element?.remove();
    elements.delete(id);
    return;
  }
  if (!element) {
    elements.set(id, element = create(id));
    element.dataset.id = id;
    $("board").append(element);
  }
  element.style.setProperty("--hue", Number(item.hue) || 0);
  show(element, item);
}

function pointerElement() {
  const element = document.createElement("div");
  element.className = "pointer";
  element.append(document.createElement("span"));
  return element;
}

function showPointer(element, pointer) {
  place(element, pointer);
  element.firstChild.textContent = pointer.name;
}

function noteElement(id) {
  const element = $("note").content.firstElementChild.cloneNode(true);
  const grip = element.querySelector(".grip");
  const text = element.querySelector("textarea");
  const change = fields => {
    element.note = { ...element.note, ...fields };
    board.onNote(element.note);
  };
  /** How far the corner of the note can go, in pixels. */
  const room = () => [$("board").clientWidth - element.offsetWidth, $("board").clientHeight - element.offsetHeight];
  const corner = () => [clamp(element.note.x) * room()[0], clamp(element.note.y) * room()[1]];
  const move = (left, top) => {
    change({ x: clamp(left / room()[0]), y: clamp(top / room()[1]) });
    place(element, element.note);
  };

  grip.addEventListener("pointerdown", down => {
    const [left, top] = corner();
    const drag = ({ clientX, clientY }) => move(left + clientX - down.clientX, top + clientY - down.clientY);
    grip.setPointerCapture(down.pointerId);
    element.classList.add("held");
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", drag);
      element.classList.remove("held");
    }, { once: true });
  });
  grip.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [left, top] = corner();
    move(left + step[0], top + step[1]);
  });
  text.addEventListener("input", () => change({ text: text.value }));
  text.addEventListener("blur", () => { text.value = String(element.note.text ?? ""); });
  element.querySelector(".delete").addEventListener("click", () => board.onDelete(id));
  return element;
}

function showNote(element, note) {
  element.note = note;
  if (!element.classList.contains("held")) place(element, note); // In the hand, the hand knows better than what comes back.
  const text = element.querySelector("textarea");
  if (text !== document.activeElement) text.value = String(note.text ?? "");
}

function place(element, { x, y }) {
  element.style.setProperty("--x", clamp(x));
  element.style.setProperty("--y", clamp(y));
}

$("add").addEventListener("click", () => {
  const n = notes.size;
  const spot = { x: (n * 0.755) % 1, y: (n * 0.57) % 1 }; // Steps that fill a square evenly, so that notes seldom cover each other.
  board.onNote({ id: `${me}-${Date.now()}`, text: "", hue: pick([48, 90, 150, 200, 280, 330]), ...spot });
});

// One after the other: after an update's promise the collection shows it, so that the next click counts on.
let clicked = Promise.resolve();
$("click").addEventListener("click", () => { clicked = clicked.then(() => board.onClick()); });

// Where this pointer is; said again now and then, so that the others know that it is still here.
const here = { x: Math.random(), y: Math.random(), name, hue };
const point = () => document.visibilityState === "visible" && board.onPoint(here);
$("board").addEventListener("pointermove", ({ clientX, clientY }) => {
  const { left, top, width, height } = $("board").getBoundingClientRect();
  here.x = clamp((clientX - left) / width);
  here.y = clamp((clientY - top) / height);
  point();
});
setInterval(point, 5000);
queueMicrotask(point);
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? point() : board.onLeave()));
addEventListener("pagehide", () => board.onLeave());
addEventListener("pageshow", point);

$("me").textContent = name;
$("me").style.setProperty("--hue", hue);
$("link").value = location.href;
$("copy").addEventListener("click", async () => {
  $("link").select();
  // Without https a page has no clipboard; then the link is at least selected.
  await navigator.clipboard?.writeText(location.href);
  $("copied").textContent = navigator.clipboard ? "copied" : "selected";
});

// The code beside the board is the file that runs.
const source = await (await fetch(new URL("demo.js", import.meta.url))).text();
$("code").replaceChildren(...source.trimEnd().split(/(\/\/ .*)/).map(part => {
  const span = document.createElement("span");
  if (part.startsWith("// ")) span.className = "comment";
  span.textContent = part;
  return span;
}));
