import { SharedStateClient, type AnyItem, type ClientState, type CollectionOptions, type CollectionState, type Item, type ProxyCollection, type Refusal, type Result, type SharedStateOptions } from "../index.js";
/** What a component sees of a collection. */
export interface CollectionSnapshot<T extends Item = AnyItem> {
    /** The items in their order; the same array until something changes. */
    readonly items: readonly T[];
    /** The number of items that match the filter, also those beyond the limit. */
    readonly total: number;
    readonly state: CollectionState;
    /** Why the state is `failed`. */
    readonly error: Refusal | undefined;
}
/** What a component sees of the connection. */
export interface ConnectionSnapshot {
    readonly state: ClientState;
    /** The updates that are not answered yet. */
    readonly pending: number;
    /** The user that the server knows the client as; null while it is anonymous. */
    readonly user: string | null;
}
/** What a component sees where pages are rendered on a server, and before the first snapshot. */
export declare const NOTHING: CollectionSnapshot<never>;
export declare const UNCONNECTED: ConnectionSnapshot;
export declare const snapshotOf: <T extends Item>({ items, total, state, error }: ProxyCollection<T>) => CollectionSnapshot<T>;
/**
 * What a component shows of a collection whose options have changed: the items from before, as `stale`, until the first snapshot of the
 * new view is there. A component does not call `setView`, because others may share its collection (docs/adr/0097).
 */
export declare function successor<T extends Item>(before: CollectionSnapshot<T>, now: CollectionSnapshot<T>): CollectionSnapshot<T>;
/** A client where there is a page; where pages are rendered on a server there is no connection. */
export declare const connect: (url: string, options: SharedStateOptions) => SharedStateClient | undefined;
/**
 * Acquires a collection, and calls the handler at once and after each change. Returns the function that ends it. The collection is given
 * back a moment
 * later: a component that is mounted again at once, as in StrictMode or when its module is replaced, goes on with it.
 */
export declare function follow<T extends Item>(client: SharedStateClient, path: string, options: CollectionOptions, changed: (collection: ProxyCollection<T>) => void): () => void;
/** What a component sees of those that are present, and how it changes what they see of it. */
export interface PresenceSnapshot<T extends Item = AnyItem> {
    /** The items of the others, by their ids; the same array until something changes. */
    readonly others: readonly T[];
    /** Changes fields of this client's item. */
    readonly set: (fields: Partial<Omit<T, "id">>) => void;
}
/**
 * Joins those that are present, and calls the handler at once and after each change of the others. `end` leaves them.
 */
export declare function join<T extends Item>(client: SharedStateClient, path: string, fields: Partial<Omit<T, "id">>, changed: (others: readonly T[]) => void): {
    set: PresenceSnapshot<T>["set"];
    end: () => void;
};
/** Stores an object's value; without a client it is refused. */
export declare function setObject(client: SharedStateClient | undefined, path: string, id: string, data: unknown): Promise<Result<number>>;
