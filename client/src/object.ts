import { alias } from "./aliases.js";
import type { CallbackHandle } from "./callbacks.js";
import type { ProxyCollection } from "./collection.js";
import type { Diff } from "./items.js";
import { must } from "./json.js";
import type { AnyItem, RequestOptions, Result, UpdateOptions } from "./protocol.js";

/** One item of a collection as a value that everyone can read and set. `SharedStateClient.acquire_object` makes it. */
export class ProxyObject {
  readonly collection: ProxyCollection;
  readonly name: string;

  declare setItems: ProxyObject["set_items"];
  declare getItems: ProxyObject["get_items"];
  declare getItem: ProxyObject["get_item"];
  declare hasItem: ProxyObject["has_item"];
  declare addCallback: ProxyObject["add_callback"];
  declare removeCallback: ProxyObject["remove_callback"];

  /** @internal */
  constructor(collection: ProxyCollection, name: string) {
    this.collection = collection;
    this.name = name;
  }

  /** The value; undefined when nothing is set. */
  get(): unknown {
    return this.#item?.data;
  }

  /** Stores `{id, data: value}`. Throws once the collection is released. */
  set(value: unknown, options?: UpdateOptions): Promise<Result<number>> {
    return this.collection.update({ insert: [{ id: this.name, data: value }] }, options);
  }

  /** Stores a function of the value, and tries again when somebody else was faster; as `transact` of a collection. */
  transact(change: (value: unknown) => unknown, options?: RequestOptions): Promise<Result<number>> {
    must(typeof change === "function", "a function of the value", change);
    return this.collection.transact(this.name, item => {
      const data = change(item?.data);
      return data === undefined ? undefined : { data };
    }, options);
  }

  /** Calls the handler with each later change of the item. */
  add_callback(handler: (diff: Diff) => void): CallbackHandle<Diff[]> {
    must(typeof handler === "function", "a function as callback", handler);
    return this.collection.add_callback(diffs => {
      const diff = diffs.find(({ id }) => id === this.name);
      return diff && handler(diff);
    });
  }

  remove_callback(handle: CallbackHandle<Diff[]>): void {
    this.collection.remove_callback(handle);
  }

  /** Stores `{id, state: items}`: the object as a small list of its own. Throws a TypeError for anything but an array. */
  set_items(items: readonly unknown[], options?: UpdateOptions): Promise<Result<number>> {
    must(Array.isArray(items), "an array", items);
    return this.collection.update({ insert: [{ id: this.name, state: items }] }, options);
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

  /** Gives back one acquisition of the object's collection. */
  release(): void {
    this.collection.release();
  }

  get #item(): AnyItem | undefined {
    return this.collection.get(this.name);
  }
}

alias(ProxyObject);
