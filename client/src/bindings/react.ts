/** Hooks for React 18 and later. */
import {
  createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore,
  type ReactElement, type ReactNode,
} from "react";
import type {
  AnyItem, CollectionOptions, Item, ProxyCollection, Result, SharedStateClient, SharedStateOptions, TokenSource,
} from "../index.js";
import { checkOptions } from "../json.js";
import { optionsText } from "../view.js";
import {
  connect, follow, join, NOTHING, setObject, snapshotOf, successor, UNCONNECTED, type CollectionSnapshot, type ConnectionSnapshot,
  type PresenceSnapshot,
} from "./follow.js";

export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";

const Context = createContext<SharedStateClient | undefined>(undefined);

export interface SharedStateProps extends SharedStateOptions {
  /** The server's URL, as for `SharedStateClient`. */
  url?: string;
  /** A client of your own, instead of `url`; you dispose of it. */
  client?: SharedStateClient;
  children?: ReactNode;
}

interface Connection {
  readonly url: string;
  readonly client: SharedStateClient | undefined;
  end?: ReturnType<typeof setTimeout>;
}

/**
 * Gives its children a client. With `url` it connects when it is mounted, and disposes of the client when it is unmounted; the options
 * of the first render count.
 */
export function SharedState({ url = ".", client: own, children, ...options }: SharedStateProps): ReactElement {
  const [made, setMade] = useState<SharedStateClient>();
  const kept = useRef<Connection>(undefined);
  const token = useToken(options.token, own ?? made);
  useEffect(() => {
    if (own) return;
    const connection = kept.current?.url === url ? kept.current : { url, client: connect(url, { ...options, token }) };
    clearTimeout(connection.end);
    kept.current = connection;
    setMade(connection.client);
    return () => {
      // A moment later: StrictMode mounts again at once, and goes on with the same client.
      connection.end = setTimeout(() => {
        if (kept.current === connection) kept.current = undefined;
        connection.client?.dispose();
      });
    };
  }, [url, own]);
  return createElement(Context.Provider, { value: own ?? made }, children);
}

/** The token of the latest render: a function is called when the client needs a token, a text that changes is sent at once. */
function useToken(token: TokenSource, client: SharedStateClient | undefined): TokenSource {
  const latest = useRef(token);
  latest.current = token;
  const ask = useCallback(() => (typeof latest.current === "function" ? latest.current() : latest.current), []);
  const text = typeof token === "function" ? "" : token;
  const told = useRef(text);
  useEffect(() => {
    if (told.current !== text) client?.setToken(ask);
    told.current = text;
  }, [text, client]);
  return token === undefined ? undefined : ask;
}

/** The client; undefined until the provider is mounted. */
export const useClient = (): SharedStateClient | undefined => useContext(Context);

/** Collections that a suspended component waits for, by client and key: it has no effects yet that could hold them. */
const suspended = new WeakMap<SharedStateClient, Map<string, ProxyCollection<Item>>>();

/** How long a collection is held for a suspended component that does not come back. */
const SUSPENDED_MS = 10_000;

/**
 * A collection or a view of it, live. Options may be a new object at each render: equal ones change nothing. With other options, the
 * component keeps the items, as `stale`, until those of the new view are there. With `suspense`, it suspends until the first snapshot.
 */
export function useCollection<T extends Item = AnyItem>(
  path: string, options: CollectionOptions = {}, more: { suspense?: boolean } = {},
): CollectionSnapshot<T> {
  checkOptions(more, "suspense");
  const client = useClient();
  const key = `${path}\n${optionsText(options)}`;
  const store = useMemo(() => {
    const held = client && suspended.get(client)?.get(key);
    let view: CollectionSnapshot<T> = held ? snapshotOf(held as unknown as ProxyCollection<T>) : NOTHING;
    return {
      subscribe: (changed: () => void): (() => void) => client ? follow<T>(client, path, options, collection => {
        view = snapshotOf(collection);
        changed();
      }) : () => {},
      snapshot: () => view,
    };
  }, [client, key]);
  const own = useSyncExternalStore(store.subscribe, store.snapshot, () => NOTHING);
  const shown = useRef<{ client: SharedStateClient | undefined; path: string; view: CollectionSnapshot<T> }>(undefined);
  const before = shown.current;
  const view = before?.client === client && before?.path === path ? successor(before.view, own) : own;
  useEffect(() => {
    shown.current = { client, path, view };
  });
  if (more.suspense && client && view.state === "pending") throw firstSnapshot(client, path, options, key);
  return view;
}

function firstSnapshot(client: SharedStateClient, path: string, options: CollectionOptions, key: string): Promise<unknown> {
  const held = suspended.get(client) ?? new Map<string, ProxyCollection<Item>>();
  suspended.set(client, held);
  let collection = held.get(key);
  if (!collection) {
    const acquired = collection = client.collection<Item>(path, options);
    held.set(key, acquired);
    setTimeout(() => {
      held.delete(key);
      acquired.release();
    }, SUSPENDED_MS);
  }
  return collection.ready.catch(() => {}); // A collection that failed is shown as such.
}

/** One item of a collection, live; undefined when it is absent. */
export function useItem<T extends Item = AnyItem>(path: string, id: string): T | undefined {
  const client = useClient();
  const store = useMemo(() => {
    let item: T | undefined;
    return {
      subscribe: (changed: () => void): (() => void) => client ? follow<T>(client, path, {}, collection => {
        item = collection.get(id);
        changed();
      }) : () => {},
      snapshot: () => item,
    };
  }, [client, path, id]);
  return useSyncExternalStore(store.subscribe, store.snapshot, () => undefined);
}

/** The value of an object, live, and the function that sets it for everyone. */
export function useObject<V = unknown>(path: string, name: string): [value: V | undefined, set: (value: V) => Promise<Result<number>>] {
  const client = useClient();
  const item = useItem(path, name);
  const set = useCallback((value: V) => setObject(client, path, name, value), [client, path, name]);
  return [item?.["data"] as V | undefined, set];
}

/**
 * Shows the others that this client is here, with the fields, while the component is mounted. New fields of a later render are set, too;
 * compared as JSON.
 */
export function usePresence<T extends Item = AnyItem>(path: string, fields: Partial<Omit<T, "id">> = {}): PresenceSnapshot<T> {
  const client = useClient();
  const [others, setOthers] = useState<readonly T[]>([]);
  const joined = useRef<{ set: PresenceSnapshot<T>["set"]; text: string } | undefined>(undefined);
  const text = JSON.stringify(fields);
  useEffect(() => {
    if (!client) return;
    const { set, end } = join<T>(client, path, fields, setOthers);
    joined.current = { set, text };
    return () => {
      joined.current = undefined;
      setOthers([]);
      end();
    };
  }, [client, path]);
  useEffect(() => {
    const now = joined.current;
    if (!now || now.text === text) return;
    now.text = text;
    now.set(fields);
  }, [text]);
  const set = useCallback((more: Partial<Omit<T, "id">>) => joined.current?.set(more), []);
  return { others, set };
}

/** The state of the connection, and the number of updates without an answer. */
export function useConnection(): ConnectionSnapshot {
  const client = useClient();
  const store = useMemo(() => {
    let view = UNCONNECTED;
    return {
      subscribe: (changed: () => void): (() => void) => client ? client.subscribe(now => {
        view = now;
        changed();
      }) : () => {},
      snapshot: () => view,
    };
  }, [client]);
  return useSyncExternalStore(store.subscribe, store.snapshot, () => UNCONNECTED);
}
