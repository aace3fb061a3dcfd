import { type Readable } from "svelte/store";
import type { AnyItem, CollectionOptions, Item, Result, SharedStateClient, SharedStateOptions } from "../index.js";
import { type CollectionSnapshot, type ConnectionSnapshot, type PresenceSnapshot } from "./follow.js";
export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";
/**
 * Gives the component and its children a client: one of your own, or one that connects to `url` and is disposed of with the component.
 * Call it while the component is made.
 * Where pages are rendered on a server there is none.
 */
export declare function provideSharedState(server?: string | SharedStateClient, options?: SharedStateOptions): SharedStateClient | undefined;
/** The client; undefined where pages are rendered on a server. */
export declare const useClient: () => SharedStateClient | undefined;
/**
 * A store of a collection or a view of it, live while it has subscribers. `options` may be a store: `toStore(() => ({ filter }))`. With
 * other options, the store keeps the items, as `stale`, until those of the new view are there.
 */
export declare function useCollection<T extends Item = AnyItem>(path: string, options?: CollectionOptions | Readable<CollectionOptions>): Readable<CollectionSnapshot<T>>;
/** A store of one item of a collection; its value is undefined when the item is absent. */
export declare function useItem<T extends Item = AnyItem>(path: string, id: string): Readable<T | undefined>;
/** A store of an object's value; `set` stores it for everyone. */
export declare function useObject<V = unknown>(path: string, name: string): Readable<V | undefined> & {
    set(value: V): Promise<Result<number>>;
};
/** Shows the others that this client is here, with the fields, for as long as the component lives. A store of the others' items. */
export declare function usePresence<T extends Item = AnyItem>(path: string, fields?: Partial<Omit<T, "id">>): Readable<readonly T[]> & {
    set: PresenceSnapshot<T>["set"];
};
/** A store of the connection's state, and of the number of updates without an answer. */
export declare function useConnection(): Readable<ConnectionSnapshot>;
