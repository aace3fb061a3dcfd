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
  onNote() {}, onDelete() {}, onClick() {}, onPointer() {}, onLeave() {},

  drawNote(id, note) {
    let element = notes.get(id);
    if (!note) {
      element?.remove();
      notes.delete(id);
    } else {
      if (!element) notes.set(id, element = noteElement(id));
      element.note = note;
      place(element, note);
      element.style.setProperty("--hue", Number(note.hue) || 0);
      const text = element.querySelector("textarea");
      if (text !== document.activeElement) text.value = String(note.text ?? "");
    }
    $("empty").hidden = notes.size > 0;
  },

  drawPointer(id, pointer) {
    if (id === me) return;
    let element = pointers.get(id);
    if (!pointer) {
      element?.remove();
      pointers.delete(id);
      return;
    }
    if (!element) {
      element = document.createElement("div");
      element.className = "pointer";
      element.dataset.id = id;
      element.append(document.createElement("span"));
      pointers.set(id, element);
      $("board").append(element);
    }
    element.style.left = `${clamp(pointer.x) * 100}%`;
    element.style.top = `${clamp(pointer.y) * 100}%`;
    element.style.setProperty("--hue", Number(pointer.hue) || 0);
    element.firstChild.textContent = pointer.name;
  },

  fade(ids) {
    for (const [id, element] of pointers) element.classList.toggle("fading", ids.includes(id));
  },

  drawCount(count) {
    $("count").textContent = count;
  },

  drawStatus(state, here) {
    const text = `${state} · ${here} here`;
    $("status").dataset.state = state;
    $("status").dataset.here = here;
    if ($("status").textContent !== text) $("status").textContent = text;
  },
};

const notes = new Map();
const pointers = new Map();

function noteElement(id) {
  const element = $("note").content.firstElementChild.cloneNode(true);
  element.dataset.id = id;
  const grip = element.querySelector(".grip");
  const text = element.querySelector("textarea");
  const change = fields => {
    element.note = { ...element.note, ...fields };
    board.onNote(element.note);
  };
  const move = (x, y) => {
    const { width, height } = room(element);
    change({ x: clamp(x / width), y: clamp(y / height) });
    place(element, element.note, true);
  };

  grip.addEventListener("pointerdown", down => {
    const [left, top] = [element.offsetLeft - down.clientX, element.offsetTop - down.clientY];
    const drag = ({ clientX, clientY }) => move(left + clientX, top + clientY);
    grip.setPointerCapture(down.pointerId);
    element.classList.add("held");
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", drag);
      element.classList.remove("held");
    }, { once: true });
  });
  grip.addEventListener("keydown", event => {
    const [x, y] = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    const { width, height } = room(element);
    move(element.note.x * width + x, element.note.y * height + y);
  });
  text.addEventListener("input", () => change({ text: text.value }));
  text.addEventListener("blur", () => { text.value = String(element.note.text ?? ""); });
  element.querySelector(".delete").addEventListener("click", () => board.onDelete(id));
  $("board").append(element);
  return element;
}

/** A note that is held here stays where the hand is, whatever the others say. */
function place(element, note, byHand = false) {
  if (element.classList.contains("held") && !byHand) return;
  element.style.left = `calc((100% - ${element.offsetWidth}px) * ${clamp(note.x)})`;
  element.style.top = `calc((100% - ${element.offsetHeight}px) * ${clamp(note.y)})`;
}

/** How far a note can move. */
function room(element) {
  return { width: $("board").clientWidth - element.offsetWidth, height: $("board").clientHeight - element.offsetHeight };
}

$("add").addEventListener("click", () => {
  const id = `${me}-${Date.now()}`;
  board.onNote({ id, text: "", hue: pick([48, 90, 150, 200, 280, 330]), x: Math.random(), y: Math.random() * 0.8 });
});

// One after the other: after an update's promise the collection shows it, so that the next click counts on.
let clicked = Promise.resolve();
$("click").addEventListener("click", () => { clicked = clicked.then(() => board.onClick()); });

// Where this pointer is; said again now and then, so that the others know that it is still here.
const here = { x: Math.random(), y: Math.random(), name, hue };
const point = () => document.visibilityState === "visible" && board.onPointer(here);
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
