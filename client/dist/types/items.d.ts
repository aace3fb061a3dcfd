import type { AnyItem, Item } from "./protocol.js";
import type { Order } from "./view.js";
/** One change of one item: an insert has no `old`, a delete no `new`, a replace has both. */
export type Diff<T extends Item = AnyItem> = {
    id: string;
    new: T;
    old: undefined;
} | {
    id: string;
    new: undefined;
    old: T;
} | {
    id: string;
    new: T;
    old: T;
};
/** The items of a collection, and what a change makes of them. */
export declare class Items<T extends Item> {
    #private;
    get size(): number;
    get(id: string): T | undefined;
    has(id: string): boolean;
    /** All items in their order: the same array until something changes. */
    get sorted(): readonly T[];
    /** Replaces all items, and their order. Items that stay the same are no diff. */
    replaceAll(items: readonly T[], order: Order): Diff<T>[];
    /** Removes and inserts. One diff per id, even if it is removed and inserted in one change. */
    apply(remove?: readonly string[], insert?: readonly T[]): Diff<T>[];
}
