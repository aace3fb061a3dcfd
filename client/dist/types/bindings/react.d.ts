/** Hooks for React 18 and later. */
import { type ReactElement, type ReactNode } from "react";
import type { AnyItem, CollectionOptions, Item, Result, SharedStateClient, SharedStateOptions } from "../index.js";
import { type CollectionSnapshot, type ConnectionSnapshot, type PresenceSnapshot } from "./follow.js";
export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";
export interface SharedStateProps extends SharedStateOptions {
    /** The server's URL, as for `SharedStateClient`. */
    url?: string;
    /** A client of your own, instead of `url`; you dispose of it. */
    client?: SharedStateClient;
    children?: ReactNode;
}
/**
 * Gives its children a client. With `url` it connects when it is mounted, and disposes of the client when it is unmounted; the options
 * of the first render count.
 */
export declare function SharedState({ url, client: own, children, ...options }: SharedStateProps): ReactElement;
/** The client; undefined until the provider is mounted. */
export declare const useClient: () => SharedStateClient | undefined;
/**
 * A collection or a view of it, live. Options may be a new object at each render: equal ones change nothing. With other options, the
 * component keeps the items, as `stale`, until those of the new view are there. With `suspense`, it suspends until the first snapshot.
 */
export declare function useCollection<T extends Item = AnyItem>(path: string, options?: CollectionOptions, more?: {
    suspense?: boolean;
}): CollectionSnapshot<T>;
/** One item of a collection, live; undefined when it is absent. */
export declare function useItem<T extends Item = AnyItem>(path: string, id: string): T | undefined;
/** The value of an object, live, and the function that sets it for everyone. */
export declare function useObject<V = unknown>(path: string, name: string): [value: V | undefined, set: (value: V) => Promise<Result<number>>];
/**
 * Shows the others that this client is here, with the fields, while the component is mounted. New fields of a later render are set, too;
 * compared as JSON.
 */
export declare function usePresence<T extends Item = AnyItem>(path: string, fields?: Partial<Omit<T, "id">>): PresenceSnapshot<T>;
/** The state of the connection, and the number of updates without an answer. */
export declare function useConnection(): ConnectionSnapshot;
