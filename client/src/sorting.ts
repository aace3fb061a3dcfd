import { isObject } from "./json.js";
import { byCodePoints, byId } from "./order.js";
import type { Item } from "./protocol.js";
import type { Order } from "./view.js";

/** A value to compare: the rank of its type, then the value itself, of an object or an array its text. */
type Key = readonly [rank: number, value: number | string];

const NULL: Key = [0, 0];

/** The items in an order, sorted as the server sorts: docs/PROTOCOL.md, "Views". */
export function sorted<T extends Item>(items: Iterable<T>, order: Order): T[] {
  const paths = order.map(([path, direction]) => ({ names: path.split("."), direction }));
  const entries = Array.from(items, item => ({ item, keys: paths.map(({ names, direction }) => keyAt(item, names, direction)) }));
  entries.sort((a, b) => {
    for (const [n, { direction }] of paths.entries()) {
      const difference = compare(a.keys[n] ?? NULL, b.keys[n] ?? NULL) * direction;
      if (difference) return difference;
    }
    return byId(a.item, b.item);
  });
  return entries.map(({ item }) => item);
}

/** The least key that a path reaches; descending, the greatest. */
function keyAt(item: Item, names: readonly string[], direction: number): Key {
  let picked: Key | undefined;
  for (const value of reached(item, names)) {
    const key = keyOf(value);
    if (!picked || compare(key, picked) * direction < 0) picked = key;
  }
  return picked ?? NULL;
}

/** The values at a path. The path goes on in each object of an array, and, where it has a number, in the element of that index. */
function* reached(value: unknown, names: readonly string[]): Iterable<unknown> {
  const [name, ...rest] = names;
  if (name === undefined) {
    if (Array.isArray(value)) yield* value;
    else yield value;
  } else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      if (name === String(index)) yield* reached(element, rest);
      if (isObject(element)) yield* reached(element, names);
    }
  } else if (isObject(value) && Object.hasOwn(value, name)) {
    yield* reached(Reflect.get(value, name), rest);
  } else {
    yield null;
  }
}

function keyOf(value: unknown): Key {
  switch (typeof value) {
    case "number": return [1, value];
    case "string": return [2, value];
    case "boolean": return [5, Number(value)];
    default: return value ? [Array.isArray(value) ? 4 : 3, JSON.stringify(value)] : NULL;
  }
}

function compare([rank, value]: Key, [otherRank, other]: Key): number {
  return rank - otherRank || (typeof value === "string" ? byCodePoints(value, String(other)) : value - Number(other));
}
