import { type CallbackHandle } from "./callbacks.js";
import { type AnyItem, type Changes, type Item, type Result, type SharedStateError } from "./protocol.js";
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
/**
 * - `pending`: the first snapshot is on its way, or waits for a connection
 * - `live`: it is what the server has
 * - `stale`: it is what the server had; the connection is down or has just come back
 * - `failed`: the server refuses the subscription, or has ended it (it holds what it held), or the client closed before it held; tried again at the next connection
 * - `released`: for good
 */
export type CollectionState = "pending" | "live" | "stale" | "failed" | "released";
/** Why `ready` rejects. */
export declare class SubscriptionError extends Error implements SharedStateError {
    readonly code: SharedStateError["code"];
    readonly temporary: boolean;
    constructor(path: string, { code, message, temporary }: SharedStateError);
}
/** The local copy of a collection, kept up to date by the server. `SharedStateClient.acquire_collection` makes it. */
export declare class ProxyCollection<T extends Item = AnyItem> {
    #private;
    readonly path: string;
    /** The subscription's options, as given to the first `acquire_collection` of the path. */
    readonly options: Readonly<Record<string, unknown>>;
    get state(): CollectionState;
    /**
     * Resolves, with the collection, when the first snapshot is there. Rejects with a SubscriptionError when the collection fails or is released
     * before that; a failed one that is tried again has a new promise. Nobody needs to catch it.
     */
    get ready(): Promise<this>;
    get size(): number;
    /** One item (undefined when absent), or all items. Do not change what you get: insert a changed copy. */
    get(): T[];
    get(id: string): T | undefined;
    has(id: string): boolean;
    get_item(id: string): T | undefined;
    get_items(): T[];
    has_item(id: string): boolean;
    /**
     * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
     * An item without `id` gets a random one. Throws once the collection is released.
     */
    update(changes: Changes<T>): Promise<Result<number>>;
    update_items(changes: Changes<T>): Promise<Result<number>>;
    /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
    add_callback(handler: (diffs: Diff<T>[]) => void): CallbackHandle<Diff<T>[]>;
    remove_callback(handle: CallbackHandle<Diff<T>[]>): void;
    /** Calls the handler with each later state. */
    add_state_callback(handler: (state: CollectionState) => void): CallbackHandle<CollectionState>;
    remove_state_callback(handle: CallbackHandle<CollectionState>): void;
}
