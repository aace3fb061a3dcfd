import { checkJson, checkOptions, isObject } from "./json.js";
import type { Filter } from "./protocol.js";

/** An order by the values at some paths, each ascending (1) or descending (-1); equal items are in the order of their ids. */
export type Order = readonly (readonly [path: string, direction: 1 | -1])[];

/** The part of a collection that a subscription or a read has. A field that is missing, undefined or null does not restrict it. */
export interface View {
  /** Only the items that match. */
  filter?: Filter | null | undefined;
  /** Up to 8 paths. */
  order?: Order | null | undefined;
  /** Only so many items, the first ones in `order` (by id without one): 1 to 10,000. */
  limit?: number | null | undefined;
  /** Only the items after this place in the order: the values at the paths of `order`, then an id. */
  after?: readonly unknown[] | null | undefined;
  /** Only these fields of each item, its id, and those that `order` needs. */
  fields?: readonly string[] | null | undefined;
}

/** The options of a subscription. Any other one is a TypeError. */
export interface CollectionOptions extends View {
  /** The name of the subscription on the wire, 1-64 bytes. Default: a generated one, where one is needed. */
  as?: string | undefined;
  /** Merged changes whenever the client is behind. */
  conflate?: boolean | undefined;
  /** At most so many changes a second. */
  maxRate?: number | undefined;
}

/** The fields of a view, and the options of a subscription. */
export const FIELDS = "filter, order, limit, after, fields";
export const OPTIONS = `${FIELDS}, as, conflate, maxRate`;

/** The fields of a view among options; undefined if the options are those of the whole collection. */
export function viewOf(options: object): View | undefined {
  const fields = FIELDS.split(", ").filter(field => (Reflect.get(options, field) ?? undefined) !== undefined);
  return fields.length > 0 ? Object.fromEntries(fields.map(field => [field, Reflect.get(options, field)])) : undefined;
}

/** Options as the server gets them: with the fields that sorting needs. */
export function withSortFields<O extends View>(options: O): O {
  const { fields, order } = options;
  if (!Array.isArray(fields) || !Array.isArray(order)) return options;
  return { ...options, fields: [...new Set([...fields, ...order.flatMap(entry => (Array.isArray(entry) ? entry[0] : []))])] };
}

/** Options as JSON text, the same for equal ones: neither the order of keys counts nor an option that is undefined or null. */
export function optionsText(options: object): string {
  checkOptions(options, OPTIONS);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => (value ?? undefined) !== undefined));
  checkJson(given, "options", [options]);
  return JSON.stringify(given, (_, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.keys(value).sort().map(key => [key, Reflect.get(value, key)])) : value);
}

/** The text of options after a change of some fields of their view. */
export function changedText(options: object, view: View): string {
  checkOptions(view, FIELDS);
  return optionsText({ ...options, ...view });
}
