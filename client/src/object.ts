import { Callbacks, type CallbackHandle } from "./callbacks.js";
import type { Diff, ProxyCollection } from "./collection.js";
import type { AnyItem, Result } from "./protocol.js";

/** One item of a collection as a value that everyone can read and set. `SharedStateClient.acquire_object` makes it. */
export class ProxyObject {
  readonly collection: ProxyCollection;
  readonly name: string;
  #callbacks = new Callbacks<Diff>();

  /** @internal */
  constructor(collection: ProxyCollection, name: string) {
    this.collection = collection;
    this.name = name;
    collection.add_callback(diffs => {
      const diff = diffs.find(({ id }) => id === name);
      if (diff) this.#callbacks.call(diff);
    });
  }

  /** The value; undefined when nothing is set. */
  get(): unknown {
    return this.#item?.data;
  }

  /** Stores `{id, data: value}`. Throws once the collection is released. */
  set(value: unknown): Promise<Result<number>> {
    return this.collection.update({ insert: [{ id: this.name, data: value }] });
  }

  /** Calls the handler with each later change of the item. */
  add_callback(handler: (diff: Diff) => void): CallbackHandle<Diff> {
    return this.#callbacks.add(handler);
  }

  remove_callback(handle: CallbackHandle<Diff>): void {
    this.#callbacks.remove(handle);
  }

  /** Stores `{id, state: items}`: the object as a small list of its own. Throws a TypeError for anything but an array. */
  set_items(items: readonly unknown[]): Promise<Result<number>> {
    if (!Array.isArray(items)) throw new TypeError("set_items takes an array");
    return this.collection.update({ insert: [{ id: this.name, state: items }] });
  }

  /** The list; empty when nothing is set. */
  get_items(): AnyItem[] {
    const state = this.#item?.state;
    return Array.isArray(state) ? state : [];
  }

  /** The list's element with that `id`; undefined when there is none. */
  get_item(id: string): AnyItem | undefined {
    return this.get_items().find(item => item?.id === id);
  }

  has_item(id: string): boolean {
    return this.get_item(id) !== undefined;
  }

  get #item(): AnyItem | undefined {
    return this.collection.get(this.name);
  }
}
