// One note on the board: what it looks like, and how it is moved and written on. Its fields are changed
// one by one, so that one visitor can move it while another writes.

const clamp = value => Math.min(1, Math.max(0, Number(value) || 0));

/** A pointer that moves less than this, in pixels, is a click. */
const DRAG_PX = 4;
const STEP_PX = 16;

/** How long after a keystroke a visitor counts as typing: another's text is shown only then. */
const TYPING_MS = 5000;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Note {
  element = document.createElement("article");
  #text = document.createElement("textarea");
  #change;
  #place = { x: 0.5, y: 0.5, z: 0, hue: 48 };
  #held = false;
  #typing;

  /**
   * `change` gets `{place}`, `{text}` or `{remove: true}`; `top()` is the z of the note in front; `free()` is called when the visitor
   * lets go of the note or its text.
   */
  constructor(id, { change, top, free }) {
    this.#change = change;
    this.element.className = "note";
    this.element.tabIndex = 0;
    this.element.dataset.id = id;
    this.element.setAttribute("role", "group");
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "delete", textContent: "×", title: "Delete this note" });
    remove.setAttribute("aria-label", "Delete this note");
    Object.assign(this.#text, { maxLength: 200, rows: 3, tabIndex: -1 });
    this.#text.setAttribute("aria-label", "Text of this note");
    this.element.append(remove, this.#text);
    this.#name();

    remove.addEventListener("click", () => change({ remove: true }));
    const rest = () => {
      clearTimeout(this.#typing);
      this.#typing = undefined;
      free();
    };
    this.#text.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(rest, TYPING_MS);
      this.#name();
      change({ text: this.#text.value });
    });
    this.#text.addEventListener("blur", rest);
    this.element.addEventListener("pointerdown", event => !event.target.closest(".delete") && this.#press(event, top, free));
    this.element.addEventListener("keydown", event => this.#onKey(event, remove));
  }

  /** Shows where it is; in the hand, the hand knows better. */
  showPlace(place) {
    if (this.#held) return;
    this.#place = { x: clamp(place.x ?? 0.5), y: clamp(place.y ?? 0.5), z: Number(place.z) || 0, hue: Number(place.hue) || 0 };
    this.#position();
  }

  /** Shows its text, unless the visitor is typing on it. */
  showText(text) {
    if (this.#typing !== undefined || this.#text.value === text) return;
    const caret = this.#text.selectionStart;
    this.#text.value = text;
    this.#text.setSelectionRange(caret, caret);
    this.#name();
  }

  get #writing() {
    return document.activeElement === this.#text;
  }

  get z() {
    return this.#place.z;
  }

  /** Begins to write at the end of the text. */
  write() {
    this.#text.focus({ preventScroll: true });
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  #name() {
    this.element.setAttribute("aria-label", `Note: ${this.#text.value || "empty"}`);
  }

  #position() {
    const { x, y, z, hue } = this.#place;
    for (const [name, value] of Object.entries({ "--x": x, "--y": y, "--hue": hue })) this.element.style.setProperty(name, value);
    this.element.style.zIndex = z;
  }

  #move(place) {
    this.#place = { ...this.#place, ...place };
    this.#position();
    this.#change({ place: this.#place });
  }

  /** How far its corner can go, in pixels. */
  #room() {
    const board = this.element.parentElement;
    return [board.clientWidth - this.element.offsetWidth, board.clientHeight - this.element.offsetHeight];
  }

  #moveBy([left, top], [dx, dy]) {
    const [width, height] = this.#room();
    this.#move({ x: clamp((left + dx) / width), y: clamp((top + dy) / height) });
  }

  #corner() {
    const [width, height] = this.#room();
    return [this.#place.x * width, this.#place.y * height];
  }

  #press(down, top, free) {
    const wasWriting = this.#writing;
    if (!wasWriting) down.preventDefault(); // No selection, and no focus before it is clear that this is a click.
    this.#held = true;
    const corner = this.#corner();
    let dragged = false;
    if (this.#place.z < top()) this.#move({ z: top() + 1 });
    const drag = ({ clientX, clientY }) => {
      const way = [clientX - down.clientX, clientY - down.clientY];
      if (!dragged && Math.hypot(...way) < DRAG_PX) return;
      if (!dragged && wasWriting) this.#text.blur(); // Ends the selection that began.
      dragged = true;
      this.element.classList.add("held");
      this.#moveBy(corner, way);
    };
    const drop = event => {
      this.element.removeEventListener("pointermove", drag);
      this.element.classList.remove("held");
      this.#held = false;
      if (dragged ? wasWriting : event.type === "pointerup" && !wasWriting) this.write();
      else if (dragged) this.element.focus({ preventScroll: true });
      free();
    };
    this.element.setPointerCapture(down.pointerId);
    this.element.addEventListener("pointermove", drag);
    for (const end of ["pointerup", "pointercancel"]) this.element.addEventListener(end, drop, { once: true });
  }

  #onKey(event, remove) {
    if (event.key === "Escape" && this.#writing) return this.element.focus();
    if (event.target !== this.element) return;
    const step = STEPS[event.key];
    if (step) this.#moveBy(this.#corner(), step.map(way => way * STEP_PX));
    else if (event.key === "Enter") this.write();
    else if (event.key === "Delete") remove.click();
    else return;
    event.preventDefault();
  }
}
