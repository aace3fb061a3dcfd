import {
  SharedStateClient,
  type AnyItem, type ClientState, type CollectionState, type Item, type ProxyCollection, type Refusal, type Result, type SharedStateOptions,
} from "../index.js";

/** What a component sees of a collection. */
export interface CollectionSnapshot<T extends Item = AnyItem> {
  /** The items, by their ids; the same array until something changes. */
  readonly items: readonly T[];
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
export const NOTHING: CollectionSnapshot<never> = { items: [], total: 0, state: "pending", error: undefined };
export const UNCONNECTED: ConnectionSnapshot = { state: "connecting", pending: 0, user: null };

export const snapshotOf = <T extends Item>({ items, state, error }: ProxyCollection<T>): CollectionSnapshot<T> =>
  ({ items, total: items.length, state, error });

/** A client where there is a page; where pages are rendered on a server there is no connection. */
export const connect = (url: string, options: SharedStateOptions): SharedStateClient | undefined =>
  typeof document === "undefined" ? undefined : new SharedStateClient(url, options);

/**
 * Acquires a collection, and calls the handler at once and after each change. Returns the function that ends it. The collection is given
 * back a moment
 * later: a component that is mounted again at once, as in StrictMode or when its module is replaced, goes on with it.
 */
export function follow<T extends Item>(
  client: SharedStateClient, path: string, options: Record<string, unknown>, changed: (collection: ProxyCollection<T>) => void,
): () => void {
  const collection = client.collection<T>(path, options);
  const stop = collection.subscribe(() => changed(collection));
  return () => {
    stop();
    setTimeout(() => collection.release());
  };
}

/** Stores an object's value; without a client it is refused. */
export async function setObject(client: SharedStateClient | undefined, path: string, id: string, data: unknown): Promise<Result<number>> {
  const error: Refusal = { code: "disconnected", message: "not sent: there is no client", temporary: true };
  return client ? client.update(path, { insert: [{ id, data }] }) : { ok: false, path, data: error.message, error };
}
