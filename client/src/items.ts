import { byId } from "./order.js";
import type { AnyItem, Item } from "./protocol.js";
import { sorted } from "./sorting.js";
import type { Order } from "./view.js";

/** One change of one item: an insert has no `old`, a delete no `new`, a replace has both. */
export type Diff<T extends Item = AnyItem> =
  | { id: string; new: T; old: undefined }
  | { id: string; new: undefined; old: T }
  | { id: string; new: T; old: T };

/** The items of a collection, and what a change makes of them. */
export class Items<T extends Item> {
  /** A Map, so that `__proto__` is an id like any other. */
  #byId = new Map<string, T>();
  #sorted: readonly T[] | undefined;
  #order: Order = [];

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** All items in their order: the same array until something changes. */
  get sorted(): readonly T[] {
    return this.#sorted ??= Object.freeze(sorted(this.#byId.values(), this.#order));
  }

  /** Replaces all items, and their order. Items that stay the same are no diff. */
  replaceAll(items: readonly T[], order: Order): Diff<T>[] {
    if (order !== this.#order) this.#sorted = undefined;
    this.#order = order;
    const before = this.#byId;
    this.#byId = new Map([...items].sort(byId).map(item => [item.id, item]));
    const diffs: Diff<T>[] = [];
    for (const [id, old] of before) {
      if (!this.#byId.has(id)) diffs.push({ id, new: undefined, old });
    }
    for (const [id, item] of this.#byId) {
      const old = before.get(id);
      if (!old) diffs.push({ id, new: item, old });
      else if (same(old, item)) this.#byId.set(id, old);
      else diffs.push({ id, new: item, old });
    }
    return this.#changed(diffs);
  }

  /** Removes and inserts. One diff per id, even if it is removed and inserted in one change. */
  apply(remove: readonly string[] = [], insert: readonly T[] = []): Diff<T>[] {
    const before = new Map<string, T | undefined>();
    for (const id of remove) {
      before.set(id, this.#byId.get(id));
      this.#byId.delete(id);
    }
    for (const item of insert) {
      if (!before.has(item.id)) before.set(item.id, this.#byId.get(item.id));
      this.#byId.set(item.id, item);
    }
    const diffs: Diff<T>[] = [];
    for (const [id, old] of before) {
      const item = this.#byId.get(id);
      if (item || old) diffs.push({ id, new: item, old } as Diff<T>);
    }
    return this.#changed(diffs);
  }

  #changed(diffs: Diff<T>[]): Diff<T>[] {
    if (diffs.length > 0) this.#sorted = undefined;
    return diffs;
  }
}

/** Whether two JSON values are equal; the order of keys counts for nothing. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b)
    && keys.length === Object.keys(b).length
    && keys.every(key => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
}
