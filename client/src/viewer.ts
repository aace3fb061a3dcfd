import type { ProxyCollection } from "./collection.js";
import type { AnyItem, Item } from "./protocol.js";

export interface CollectionViewerOptions<T extends Item = AnyItem> {
  /** Give each item a button that removes it. */
  delete?: boolean;
  /** An item as HTML. It goes into the page as it is: escape what comes from the item. */
  toString?: (item: T) => string;
}

/** Shows a collection in an element: one child `div.list-item` per item, its `id` attribute the item's id. */
export class CollectionViewer<T extends Item = AnyItem> {
  #collection: ProxyCollection<T>;
  #element: HTMLElement;
  #options: CollectionViewerOptions<T>;
  #children = new Map<string, HTMLElement>();

  constructor(collection: ProxyCollection<T>, element: HTMLElement, options: CollectionViewerOptions<T> = {}) {
    this.#collection = collection;
    this.#element = element;
    this.#options = options;
    for (const item of collection.get()) this.#show(item);
    collection.add_callback(diffs => {
      for (const diff of diffs) {
        if (diff.new) this.#show(diff.new);
        else this.#remove(diff.id);
      }
    });
  }

  #show(item: T): void {
    let child = this.#children.get(item.id);
    if (!child) {
      child = document.createElement("div");
      child.className = "list-item";
      child.id = item.id;
      this.#children.set(item.id, child);
      this.#element.append(child);
    }
    const content = document.createElement("span");
    const { toString } = this.#options;
    // Every object has a toString; only one that is not Object's own was given to us.
    if (toString && toString !== Object.prototype.toString) content.innerHTML = toString(item);
    else content.textContent = asText(item);
    child.replaceChildren(content, ...(this.#options.delete ? [this.#deleteButton(item.id)] : []));
  }

  #remove(id: string): void {
    this.#children.get(id)?.remove();
    this.#children.delete(id);
  }

  #deleteButton(id: string): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Delete";
    button.setAttribute("aria-label", `Delete ${id}`);
    button.addEventListener("click", () => void this.#collection.update({ remove: [id] }));
    return button;
  }
}

function asText({ id, itv, data, state }: { id: string; itv?: unknown; data?: unknown; state?: unknown }): string {
  const values = [itv, data ?? state].filter(value => value !== undefined);
  return [id, ...values.map(value => (typeof value === "string" ? value : JSON.stringify(value)))].join(" ");
}
