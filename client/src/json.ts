/** The fields of an update, as the protocol has them. A misspelt one would be ignored by the server, and the update be lost. */
const FIELDS = "remove, insert, patch, inc, reset, if, ttl, ephemeral";

let warned = false;

/** Throws a TypeError, with the place, for a value that cannot be written as JSON. Warns once of values that JSON turns into others. */
export function checkJson(value: unknown, place: string, above: unknown[] = []): void {
  const kind = typeof value;
  if (kind === "bigint") throw new TypeError(`${place} is a BigInt: pass it as a string`);
  if (value instanceof Promise) throw new TypeError(`${place} is a Promise: await it`);
  const lossy = value instanceof Map || value instanceof Set || value instanceof Date
    || kind === "undefined" || kind === "function" || kind === "symbol" || kind === "number" && !Number.isFinite(value);
  if (lossy && above.length > 0 && !warned) {
    warned = true;
    console.warn(`sharedstate: ${place} is ${String(value)}, converted as JSON.stringify does`);
  }
  if (kind !== "object" || !value) return;
  if (above.includes(value)) throw new TypeError(`${place} contains itself`);
  if ("toJSON" in (value as object)) return;
  above.push(value);
  for (const key of Object.keys(value)) checkJson(Reflect.get(value, key), `${place}.${key}`, above);
  above.pop();
}

/** The fields of an object that are none of the known ones, which are given as `one, two`. */
const unknownFields = (given: object, known: string): string[] => Object.keys(given).filter(key => !known.split(", ").includes(key));

/** The sentence about the first unknown field; undefined if there is none. */
const whyUnknown = ([first]: string[], known: string, kind = "option"): string | undefined =>
  first === undefined ? undefined : `unknown ${kind} "${first}": the ${kind}s are ${known}`;

/** Throws a TypeError for anything but an object with known options, given as `one, two`. A misspelt one would have no effect. */
export function checkOptions(options: unknown, known: string): void {
  must(isObject(options), "an object as options", options);
  const why = whyUnknown(unknownFields(options, known), known);
  if (why) throw new TypeError(why);
}

/**
 * The options of a call that older pages make, without those that are unknown. The console warns of the first one. Such a page must run
 * unchanged, so nothing is thrown.
 */
export function knownOptions<O extends object>(options: O, known: string): O {
  must(isObject(options), "an object as options", options);
  const unknown = unknownFields(options, known);
  const why = whyUnknown(unknown, known);
  if (!why) return options;
  console.warn(`sharedstate: ${why}`);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !unknown.includes(key))) as O;
}

/** Says why something is no update; undefined if it may be one. The server judges the rest. */
export function whyNoUpdate(changes: unknown): string | undefined {
  if (!isObject(changes)) return expected("an update such as {insert: [..]}", changes);
  const unknown = whyUnknown(unknownFields(changes, FIELDS), FIELDS, "field");
  if (unknown) return unknown;
  const insert: unknown = Reflect.get(changes, "insert") ?? [];
  if (!Array.isArray(insert)) return expected("a list of items as insert", insert);
  const wrong = insert.findIndex(item => !isObject(item));
  return wrong < 0 ? undefined : expected(`an object as insert.${wrong}`, insert[wrong]);
}

export const isObject = (value: unknown): value is object =>
  typeof value === "object" && !!value && !Array.isArray(value) && !(value instanceof Promise);

/** The sentence for a wrong argument. */
const expected = (what: string, value: unknown): string => `expected ${what}, not ${
  typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : Array.isArray(value) ? "an array"
    : value instanceof Promise ? "a Promise" : typeof value}`;

/** Throws a TypeError unless an argument is right. */
export function must(right: boolean, what: string, value: unknown): asserts right {
  if (!right) throw new TypeError(expected(what, value));
}
