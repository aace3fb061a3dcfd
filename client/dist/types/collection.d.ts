import { type CallbackHandle } from "./callbacks.js";
import { type Diff } from "./items.js";
import { type AnyItem, type Changes, type Item, type NewItem, type Patch, type Refusal, type RequestOptions, type Result, type UpdateOptions } from "./protocol.js";
import { type CollectionOptions, type View } from "./view.js";
/**
 * - `pending`: the first snapshot is on its way, or waits for a connection
 * - `live`: it is what the server has
 * - `stale`: it is what the server had; the connection is down or has just come back, or the items of a changed view are on their way
 * - `failed`: the server refuses the subscription, or has ended it (it holds what it held), or the client closed before it held; tried
 * again at the next connection
 * - `released`: for good
 */
export type CollectionState = "pending" | "live" | "stale" | "failed" | "released";
/** What a subscriber of a collection gets. */
export interface CollectionView<T extends Item = AnyItem> {
    /** The collection's items in their order; the same array until something changes. */
    readonly items: readonly T[];
    /** The number of items that match the filter; undefined without a limit. */
    readonly total: number | undefined;
    /** What has changed since the last call; empty if it was the state alone, and in the first call. */
    readonly diffs: readonly Diff<T>[];
    readonly state: CollectionState;
}
/** What a collection needs of its client. */
export interface CollectionOwner {
    send(path: string, changes: unknown, options: RequestOptions | undefined): Promise<Result<number>>;
    read(path: string, view: View): Promise<Result<Item[]>>;
    /** Ends a request as its options say. */
    end<D>(result: Result<D>, options: RequestOptions | undefined): Result<D>;
    /** Subscribes with other options, given as text. Throws if others share the collection. */
    resubscribe(text: string): void;
    release(): void;
}
/** The local copy of a collection, or of a view of it, kept up to date by the server. `SharedStateClient.collection` makes it. */
export declare class ProxyCollection<T extends Item = AnyItem> {
    #private;
    readonly path: string;
    getItem: ProxyCollection<T>["get_item"];
    getItems: ProxyCollection<T>["get_items"];
    hasItem: ProxyCollection<T>["has_item"];
    updateItems: ProxyCollection<T>["update_items"];
    addCallback: ProxyCollection<T>["add_callback"];
    removeCallback: ProxyCollection<T>["remove_callback"];
    addStateCallback: ProxyCollection<T>["add_state_callback"];
    removeStateCallback: ProxyCollection<T>["remove_state_callback"];
    /** The subscription's options. */
    get options(): Readonly<CollectionOptions>;
    get state(): CollectionState;
    /** Why the state is `failed`. */
    get error(): Refusal | undefined;
    /**
     * Resolves, with the collection, when the first snapshot is there, or after `setView` that of the new view. Rejects with a
     * SharedStateError when the collection fails or is released before that; a failed one that is tried again has a new promise. It need not
     * be caught.
     */
    get ready(): Promise<this>;
    get size(): number;
    /** The number of items that match the filter, also those beyond the limit; undefined without a limit. */
    get total(): number | undefined;
    /**
     * All items, in the `order` of the options, else in that of their ids by code points: the same array until something changes. Do not
     * change it or its items.
     */
    get items(): readonly T[];
    /** One item (undefined when absent), or all items, as an array of your own. Do not change the items: insert a changed copy. */
    get(): T[];
    get(id: string): T | undefined;
    has(id: string): boolean;
    get_item(id: string): T | undefined;
    get_items(): T[];
    has_item(id: string): boolean;
    /**
     * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
     * An item without `id` gets a new one; the result's `ids` tells it. Throws once the collection is released.
     */
    update(changes?: Changes<T>, options?: UpdateOptions): Promise<Result<number>>;
    update_items(changes?: Changes<T>, options?: UpdateOptions): Promise<Result<number>>;
    /** Inserts or replaces one item, or several. */
    insert(items: NewItem<T> | readonly NewItem<T>[], options?: UpdateOptions): Promise<Result<number>>;
    /** Removes the items of one id, or of several. */
    remove(ids: string | readonly string[], options?: UpdateOptions): Promise<Result<number>>;
    /** Merges fields into an item (RFC 7396): `null` removes a field. A missing item is created. */
    patch(id: string, fields: Patch<T>, options?: UpdateOptions): Promise<Result<number>>;
    /** Adds to a number in an item, exactly, whoever else does so at the same time. What is missing is created. */
    increment(id: string, path: string, by?: number, options?: UpdateOptions): Promise<Result<number>>;
    /**
     * Changes an item by a function of what it is now (undefined if it is missing), and tries again with the newer item when somebody else
     * was faster: up to 25 times, then the result is a `conflict`. The function may be called several times; if it returns undefined,
     * nothing is changed.
     */
    transact(id: string, change: (item: T | undefined) => NewItem<T> | undefined, options?: RequestOptions): Promise<Result<number>>;
    /**
     * Changes `filter`, `order`, `limit`, `after` or `fields` of this collection; a field that is not given stays, undefined or null removes
     * it. The collection keeps its items, as `stale`, until those of the new view are there; one callback tells the differences. Returns the
     * new `ready`. Throws if the collection was acquired several times: one with an `as` of its own can be changed alone.
     */
    setView(view: View): Promise<this>;
    /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
    add_callback(handler: (diffs: Diff<T>[]) => void): CallbackHandle<Diff<T>[]>;
    remove_callback(handle: CallbackHandle<Diff<T>[]>): void;
    /** Calls the handler with each later state. */
    add_state_callback(handler: (state: CollectionState) => void): CallbackHandle<CollectionState>;
    remove_state_callback(handle: CallbackHandle<CollectionState>): void;
    /** Calls the handler at once, and after each change of the items or the state. Returns the function that ends this. */
    subscribe(handler: (view: CollectionView<T>) => void): () => void;
    /** Gives back one acquisition of this collection. The last one ends it: no callback any more, and updates throw. */
    release(): void;
}
