/** Composables for Vue 3. */
import { type App, type ComputedRef, type MaybeRefOrGetter } from "vue";
import type { AnyItem, CollectionOptions, Item, Result, SharedStateClient, SharedStateOptions } from "../index.js";
import { type CollectionSnapshot, type ConnectionSnapshot, type PresenceSnapshot } from "./follow.js";
export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";
/**
 * The plugin: `app.use(sharedState(url, options))`, or with a client of your own. It connects where there is a page, and not where
 * pages are rendered on a server.
 */
export declare function sharedState(server?: string | SharedStateClient, options?: SharedStateOptions): {
    install(app: App): void;
};
/** The client; undefined where pages are rendered on a server. */
export declare const useClient: () => SharedStateClient | undefined;
/**
 * A collection or a view of it, live, for as long as the component lives. `path` and `options` may change. With other options, the
 * component keeps the items, as `stale`, until those of the new view are there.
 */
export declare function useCollection<T extends Item = AnyItem>(path: MaybeRefOrGetter<string>, options?: MaybeRefOrGetter<CollectionOptions>): {
    [K in keyof CollectionSnapshot<T>]: ComputedRef<CollectionSnapshot<T>[K]>;
};
/** One item of a collection, live; undefined when it is absent. */
export declare function useItem<T extends Item = AnyItem>(path: MaybeRefOrGetter<string>, id: MaybeRefOrGetter<string>): ComputedRef<T | undefined>;
/** The value of an object, live, and the function that sets it for everyone. */
export declare function useObject<V = unknown>(path: MaybeRefOrGetter<string>, name: MaybeRefOrGetter<string>): {
    value: ComputedRef<V | undefined>;
    set: (value: V) => Promise<Result<number>>;
};
/** Shows the others that this client is here, with the fields, for as long as the component lives. `path` and `fields` may change. */
export declare function usePresence<T extends Item = AnyItem>(path: MaybeRefOrGetter<string>, fields?: MaybeRefOrGetter<Partial<Omit<T, "id">>>): {
    others: ComputedRef<readonly T[]>;
    set: PresenceSnapshot<T>["set"];
};
/** The state of the connection, and the number of updates without an answer. */
export declare function useConnection(): {
    [K in keyof ConnectionSnapshot]: ComputedRef<ConnectionSnapshot[K]>;
};
