/** The messages on the wire, as docs/PROTOCOL.md has them. One JSON text frame each. */

/** What a collection holds. Everything but `id` is the application's. */
export interface Item {
  id: string;
}

/** The item type of a collection whose type was not given. */
export interface AnyItem extends Item {
  [field: string]: unknown;
}

/** An item on its way to the server; without an `id` it gets a random one. */
export type NewItem<T extends Item> = T extends unknown ? Omit<T, "id"> & { id?: string } : never;

/** Fields to merge into an item (RFC 7396): `null` removes a field, objects are merged, any other value replaces. */
export type Patch<T extends Item> = T extends unknown ? { [K in keyof Omit<T, "id">]?: Patched<T[K]> } : never;

type Patched<V> = (V extends readonly unknown[] ? V : V extends object ? { [K in keyof V]?: Patched<V[K]> } : V) | null;

/** An addition to the number at `path`, names with dots between them. What is missing is created; numbers count from 0. */
export interface Increment {
  id: string;
  path: string;
  by: number;
}

/** A condition on an item, in the language of docs/CONDITIONS.md: `{ owner: "u1", votes: { $gt: 3 } }`. */
export interface Filter {
  readonly [fieldOrOperator: string]: unknown;
}

/** What must hold immediately before an update; otherwise nothing changes, and the result is a `conflict`. */
export interface Condition {
  /** With `epoch`: none of the ids that the update names changed after this position; with `reset`, nothing did. */
  since?: number;
  epoch?: string;
  /** Beside `since`: nor did these ids. */
  ids?: readonly string[];
  absent?: readonly string[];
  present?: readonly string[];
  /** By id: the item must exist and match. */
  match?: { readonly [id: string]: Filter };
}

/**
 * One atomic change of a collection: `remove` goes first (with `reset`, everything does), then `insert` adds or replaces, then `patch`
 * merges, then `inc` adds to numbers.
 */
export interface Changes<T extends Item = AnyItem> {
  remove?: readonly string[];
  insert?: readonly NewItem<T>[];
  patch?: readonly ({ id: string } & Patch<T>)[];
  inc?: readonly Increment[];
  reset?: boolean;
  if?: Condition;
  /** The server removes the items that the update names in `insert`, `patch` and `inc` after this time, in seconds: 0.1 to 31,536,000. */
  ttl?: number;
  /** The server removes them when this connection ends, or when their holder does. Not together with `ttl`. */
  ephemeral?: boolean | Holder;
}

/** What ephemeral items belong to, however often it connects. */
export interface Holder {
  /** A random string of 16-64 bytes, which no other client knows. */
  holder: string;
  /** For how many seconds it lives without a connection: 0-120, default 0. */
  grace?: number;
}

/** Why a request or a subscription did not succeed. */
export interface Refusal {
  /**
   * The server's codes, of which the client also uses `bad_request` and `too_large`, and three of the client's own:
   * - `disconnected`: the connection broke before the answer, so whether an update was applied is not known;
   * - `timeout`: no connection within `timeoutMs`, or no answer within one and a half times that;
   * - `failed`: anything else, such as a refusal by an older server, which gives no codes.
   */
  code:
    | "bad_request" | "not_found" | "unauthorized" | "forbidden" | "conflict" | "too_large" | "limit" | "unavailable" | "internal"
    | "unknown" | "disconnected" | "timeout" | "failed";
  message: string;
  /** True if the same request may succeed later. */
  temporary: boolean;
}

/** A refusal as an error: a request with `throw: true` throws it, and `ready` rejects with it. */
export class SharedStateError extends Error implements Refusal {
  readonly code: Refusal["code"];
  readonly temporary: boolean;

  constructor(path: string, { code, message, temporary }: Refusal) {
    super(`${path}: ${message}`);
    this.name = "SharedStateError";
    this.code = code;
    this.temporary = temporary;
  }
}

/** How a request is made. */
export interface RequestOptions {
  /** A refusal throws a SharedStateError instead of resolving with `ok: false`. Default: that of the client. */
  throw?: boolean;
}

/** How an update is made. */
export interface UpdateOptions extends RequestOptions {
  /** Only if none of the ids that the update names has changed since the state that the collection shows. Else it is a `conflict`. */
  unchanged?: boolean;
}

/** An item for which a condition failed, as it is now; `null` if there is none. A large one may be left out. */
export interface Conflict {
  id: string;
  item?: AnyItem | null;
}

/**
 * How a request ended. `rev` and `epoch` are where the collection stands, if the server says so; `ids` are those of an update's
 * inserted items; `total` is the number of items that match the filter of a read with a limit.
 */
export type Result<D = unknown> = { path: string; rev?: number; epoch?: string; ids?: string[]; total?: number } & (
  | { ok: true; data: D }
  | { ok: false; data: unknown; error: Refusal; conflicts?: Conflict[] }
);

/** A state of a collection that the server can name: equal epochs mean comparable revisions. */
export interface Position {
  rev: number;
  epoch: string | undefined;
}

export interface Request {
  type: "REQUEST";
  cmd: "GET" | "PUT";
  path: string;
  arg?: unknown;
  tunnel: number;
}

export interface Reply {
  type: "REPLY";
  tunnel: unknown;
  ok: boolean;
  data: unknown;
  error?: Refusal;
  rev?: number;
  epoch?: string;
  total?: number;
  /** In a refusal of an update by its conditions. */
  conflicts?: Conflict[];
  /** In the reply to PUT /subs: the paths that were refused. */
  errors?: [path: string, error: { code: Refusal["code"]; message: string; temporary?: boolean; as?: string }][];
  /** In the first reply of a connection: the largest message that the server takes, in bytes. */
  limits?: { message?: number };
}

/** A change of a subscribed collection. Without `rev`, the server speaks only the base protocol. */
export interface Notify {
  type: "MESSAGE";
  cmd: "NOTIFY";
  path: string;
  /** The name of the subscription, if it has one. */
  as?: string;
  data: { remove?: string[]; insert?: Item[]; reset?: boolean };
  rev?: number;
  epoch?: string;
  /** Where the change builds on any state from this revision on; a reset has none. */
  prev?: number;
  /** In a view with a limit: the number of items that match its filter. */
  total?: number;
  /** This is a part; the next part follows. */
  more?: boolean;
}

/** The end of a subscription, which the server can serve no more. */
export interface Drop {
  type: "MESSAGE";
  cmd: "DROP";
  path: string;
  as?: string;
  error: Refusal;
}

/** The message in a frame; undefined for what no server of this protocol sends. */
export function parseMessage(text: string): Reply | Notify | Drop | undefined {
  try {
    const message = JSON.parse(text) as Reply | Notify | Drop | null;
    if (message?.type === "REPLY") return message;
    if (message?.type === "MESSAGE" && (message.cmd === "DROP" ? message.error : message.cmd === "NOTIFY" && message.data)) return message;
  } catch {
    // Not JSON: no more use than a message of another kind.
  }
  return undefined;
}

/** What `error` holds when the client itself, or a server without error codes, says no. */
export function refusal(code: Refusal["code"], message: string): Refusal {
  return { code, message, temporary: code === "disconnected" || code === "timeout" || code === "unavailable" };
}

