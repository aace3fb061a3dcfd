/** Stores for Svelte 4 and later. */
import { getContext, onDestroy, setContext } from "svelte";
import { readable, writable, type Readable } from "svelte/store";
import type { AnyItem, CollectionOptions, Item, Result, SharedStateClient, SharedStateOptions } from "../index.js";
import { optionsText } from "../view.js";
import {
  connect, follow, join, NOTHING, setObject, snapshotOf, successor, UNCONNECTED, type CollectionSnapshot, type ConnectionSnapshot,
  type PresenceSnapshot,
} from "./follow.js";

export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";

const KEY = Symbol("sharedstate");

/**
 * Gives the component and its children a client: one of your own, or one that connects to `url` and is disposed of with the component.
 * Call it while the component is made.
 * Where pages are rendered on a server there is none.
 */
export function provideSharedState(
  server: string | SharedStateClient = ".", options: SharedStateOptions = {},
): SharedStateClient | undefined {
  const client = typeof server === "string" ? connect(server, options) : server;
  if (typeof server === "string") onDestroy(() => client?.dispose());
  setContext(KEY, client);
  return client;
}

/** The client; undefined where pages are rendered on a server. */
export const useClient = (): SharedStateClient | undefined => getContext(KEY);

/**
 * A store of a collection or a view of it, live while it has subscribers. `options` may be a store: `toStore(() => ({ filter }))`. With
 * other options, the store keeps the items, as `stale`, until those of the new view are there.
 */
export function useCollection<T extends Item = AnyItem>(
  path: string, options: CollectionOptions | Readable<CollectionOptions> = {},
): Readable<CollectionSnapshot<T>> {
  const client = useClient();
  return readable<CollectionSnapshot<T>>(NOTHING, set => {
    if (!client) return undefined;
    let view: CollectionSnapshot<T> = NOTHING;
    let text: string | undefined;
    let end: (() => void) | undefined;
    const show = (now: CollectionOptions): void => {
      const nowText = optionsText(now);
      if (nowText === text) return;
      text = nowText;
      end?.();
      end = follow<T>(client, path, now, collection => set(view = successor(view, snapshotOf(collection))));
    };
    const unsubscribe = isStore(options) ? options.subscribe(show) : show(options);
    return () => {
      unsubscribe?.();
      end?.();
    };
  });
}

const isStore = (options: CollectionOptions | Readable<CollectionOptions>): options is Readable<CollectionOptions> =>
  "subscribe" in options;

/** A store of one item of a collection; its value is undefined when the item is absent. */
export function useItem<T extends Item = AnyItem>(path: string, id: string): Readable<T | undefined> {
  const client = useClient();
  return readable<T | undefined>(undefined, set => client && follow<T>(client, path, {}, collection => set(collection.get(id))));
}

/** A store of an object's value; `set` stores it for everyone. */
export function useObject<V = unknown>(path: string, name: string): Readable<V | undefined> & { set(value: V): Promise<Result<number>> } {
  const client = useClient();
  const { subscribe } = readable<V | undefined>(undefined, set =>
    client && follow<AnyItem>(client, path, {}, collection => set(collection.get(name)?.["data"] as V | undefined)));
  return { subscribe, set: value => setObject(client, path, name, value) };
}

/** Shows the others that this client is here, with the fields, for as long as the component lives. A store of the others' items. */
export function usePresence<T extends Item = AnyItem>(
  path: string, fields: Partial<Omit<T, "id">> = {},
): Readable<readonly T[]> & { set: PresenceSnapshot<T>["set"] } {
  const client = useClient();
  const { subscribe, set: show } = writable<readonly T[]>([]);
  const joined = client && join<T>(client, path, fields, show);
  onDestroy(() => joined?.end());
  return { subscribe, set: more => joined?.set(more) };
}

/** A store of the connection's state, and of the number of updates without an answer. */
export function useConnection(): Readable<ConnectionSnapshot> {
  const client = useClient();
  return readable(UNCONNECTED, set => client?.subscribe(set));
}
