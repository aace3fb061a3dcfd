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
export declare const FIELDS = "filter, order, limit, after, fields";
export declare const OPTIONS = "filter, order, limit, after, fields, as, conflate, maxRate";
/** The fields of a view among options; undefined if the options are those of the whole collection. */
export declare function viewOf(options: object): View | undefined;
/** Options as the server gets them: with the fields that sorting needs. */
export declare function withSortFields<O extends View>(options: O): O;
/** Options as JSON text, the same for equal ones: neither the order of keys counts nor an option that is undefined or null. */
export declare function optionsText(options: object): string;
/** The text of options after a change of some fields of their view. */
export declare function changedText(options: object, view: View): string;
