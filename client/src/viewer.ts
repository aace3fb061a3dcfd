import type { ProxyCollection } from "./collection.js";
import { knownOptions } from "./json.js";
import type { AnyItem, Item } from "./protocol.js";

export interface CollectionViewerOptions<T extends Item = AnyItem> {
  /** Give each item a button that removes it. */
  delete?: boolean;
  /** An item as HTML. It goes into the page as it is: escape what comes from the item. */
  toString?: (item: T) => string;
}

/** `Node.DOCUMENT_POSITION_PRECEDING`, whose name is long in the bundle. */
const PRECEDING = 2;

/**
 * Shows a collection in an element: one child `div.list-item` per item, in the collection's order. Its `data-id` attribute is the item's
 * id, and so is its `id` attribute, unless
 * another element of the page has that id. A click on an element with `id="delete"` in it, also in the HTML of a custom `toString`,
 * removes the item if `delete` is set.
 */
export class CollectionViewer<T extends Item = AnyItem> {
  #collection: ProxyCollection<T>;
  #element: HTMLElement;
  #options: CollectionViewerOptions<T>;
  #children = new Map<string, HTMLElement>();

  constructor(collection: ProxyCollection<T>, element: HTMLElement, options: CollectionViewerOptions<T> = {}) {
    knownOptions(options, "delete, toString");
    this.#collection = collection;
    this.#element = element;
    this.#options = options;
    this.#show(collection.items);
    collection.add_callback(diffs => {
      for (const { id, new: item } of diffs) {
        if (item) continue;
        this.#children.get(id)?.remove();
        this.#children.delete(id);
      }
      this.#show(diffs.flatMap(diff => diff.new ?? []));
    });
    collection.add_state_callback(() => this.#place([])); // A changed view may have the same items in another order.
    if (options.delete) element.addEventListener("click", ({ target }) => this.#delete(target as Element));
  }

  #show(items: readonly T[]): void {
    const { toString } = this.#options;
    let isNew = false;
    for (const item of items) {
      let child = this.#children.get(item.id);
      if (!child) {
        child = element("div", "");
        child.className = "list-item";
        child.dataset["id"] = item.id;
        if (!document.getElementById(item.id)) child.id = item.id;
        this.#children.set(item.id, child);
        isNew = true;
      }
      // Every object has a toString; only one that is not Object's own was given to us.
      if (toString && toString !== Object.prototype.toString) child.innerHTML = toString(item);
      else child.replaceChildren(...content(item, this.#options.delete));
    }
    if (isNew || this.#collection.options.order) this.#place(items);
  }

  /** Puts new children where they belong, and in an order those that changed. The others stay, so that the focus does. */
  #place(changed: readonly T[]): void {
    const moved = new Set(this.#collection.options.order ? changed.map(({ id }) => id) : []);
    let next: Element | null = null;
    for (const { id } of [...this.#collection.items].reverse()) {
      const child: HTMLElement | undefined = this.#children.get(id);
      if (!child) continue; // A change that came while this one is shown.
      const isBehind = next && child.compareDocumentPosition(next) & PRECEDING;
      if (!child.parentNode || isBehind || moved.has(id) && child.nextElementSibling !== next) this.#element.insertBefore(child, next);
      next = child;
    }
  }

  #delete(target: Element): void {
    const button = target.closest('[id="delete"]');
    for (const [id, child] of this.#children) {
      if (button && button !== child && child.contains(button)) void this.#collection.remove(id);
    }
  }
}

/** The default look of an item, as text: one element each for its id, its `itv`, and its `data` or `state`. */
function content({ id, itv, data, state }: { id: string; itv?: unknown; data?: unknown; state?: unknown }, removable = false): Element[] {
  const text = element("span", "");
  for (const [name, value] of Object.entries({ id, itv, data, state: data === undefined ? state : undefined })) {
    if (value === undefined) continue;
    const part = element("span", typeof value === "string" ? value : JSON.stringify(value));
    part.className = name;
    text.append(...(text.firstChild ? [" ", part] : [part]));
  }
  if (!removable) return [text];
  const button = element("button", "Delete");
  button.type = "button";
  button.id = "delete";
  button.setAttribute("aria-label", `Delete ${id}`);
  return [text, button];
}

function element<K extends "div" | "span" | "button">(name: K, text: string): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(name), { textContent: text });
}
