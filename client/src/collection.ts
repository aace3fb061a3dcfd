import { Callbacks, type CallbackHandle } from "./callbacks.js";
import { refusal, type AnyItem, type Changes, type Item, type Notify, type Position, type Result, type SharedStateError } from "./protocol.js";

/** One change of one item: an insert has no `old`, a delete no `new`, a replace has both. */
export type Diff<T extends Item = AnyItem> =
  | { id: string; new: T; old: undefined }
  | { id: string; new: undefined; old: T }
  | { id: string; new: T; old: T };

/**
 * - `pending`: the first snapshot is on its way, or waits for a connection
 * - `live`: it is what the server has
 * - `stale`: it is what the server had; the connection is down or has just come back
 * - `failed`: the server refuses the subscription, or has ended it (it holds what it held), or the client closed before it held; tried again at the next connection
 * - `released`: for good
 */
export type CollectionState = "pending" | "live" | "stale" | "failed" | "released";

/** Why `ready` rejects. */
export class SubscriptionError extends Error implements SharedStateError {
  readonly code: SharedStateError["code"];
  readonly temporary: boolean;

  constructor(path: string, { code, message, temporary }: SharedStateError) {
    super(`${path}: ${message}`);
    this.name = "SubscriptionError";
    this.code = code;
    this.temporary = temporary;
  }
}

/** The local copy of a collection, kept up to date by the server. `SharedStateClient.acquire_collection` makes it. */
export class ProxyCollection<T extends Item = AnyItem> {
  readonly path: string;
  /** The subscription's options, as given to the first `acquire_collection` of the path. */
  readonly options: Readonly<Record<string, unknown>>;

  #send: (changes: Changes<T>) => Promise<Result<number>>;
  #state: CollectionState = "pending";
  /** A Map, so that `__proto__` is an id like any other. */
  #items = new Map<string, T>();
  /** Undefined until the first snapshot, and with a server that names no positions. */
  #position: Position | undefined;
  #diffs = new Callbacks<Diff<T>[]>();
  #states = new Callbacks<CollectionState>();
  #ready!: Promise<this>;
  #resolveReady!: (self: this) => void;
  #rejectReady!: (error: SubscriptionError) => void;

  /** @internal */
  constructor(path: string, options: Record<string, unknown>, send: (changes: Changes<T>) => Promise<Result<number>>) {
    this.path = path;
    this.options = options;
    this.#send = send;
    this.#expect();
  }

  get state(): CollectionState {
    return this.#state;
  }

  /**
   * Resolves, with the collection, when the first snapshot is there. Rejects with a SubscriptionError when the collection fails or is released
   * before that; a failed one that is tried again has a new promise. Nobody needs to catch it.
   */
  get ready(): Promise<this> {
    return this.#ready;
  }

  get size(): number {
    return this.#items.size;
  }

  /** One item (undefined when absent), or all items. Do not change what you get: insert a changed copy. */
  get(): T[];
  get(id: string): T | undefined;
  get(id?: string): T[] | T | undefined {
    return id === undefined ? [...this.#items.values()] : this.#items.get(id);
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  get_item(id: string): T | undefined {
    return this.#items.get(id);
  }

  get_items(): T[] {
    return [...this.#items.values()];
  }

  has_item(id: string): boolean {
    return this.#items.has(id);
  }

  /**
   * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
   * An item without `id` gets a random one. Throws once the collection is released.
   */
  update(changes: Changes<T>): Promise<Result<number>> {
    if (this.#state === "released") throw new Error(`${this.path} was released; acquire it again to update it`);
    if (!changes.insert) return this.#send(changes);
    return this.#send({ ...changes, insert: changes.insert.map(item => (item.id === undefined ? { ...item, id: randomId() } : item)) });
  }

  update_items(changes: Changes<T>): Promise<Result<number>> {
    return this.update(changes);
  }

  /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
  add_callback(handler: (diffs: Diff<T>[]) => void): CallbackHandle<Diff<T>[]> {
    return this.#diffs.add(handler);
  }

  remove_callback(handle: CallbackHandle<Diff<T>[]>): void {
    this.#diffs.remove(handle);
  }

  /** Calls the handler with each later state. */
  add_state_callback(handler: (state: CollectionState) => void): CallbackHandle<CollectionState> {
    return this.#states.add(handler);
  }

  remove_state_callback(handle: CallbackHandle<CollectionState>): void {
    this.#states.remove(handle);
  }

  /** @internal The state that it holds; undefined if the server has named none. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** @internal Takes a change from the server. False if one before it is missing, so that the client must subscribe again. */
  receive({ data, rev, epoch, prev }: Notify): boolean {
    if (data.reset) {
      this.#position = rev === undefined ? undefined : { rev, epoch };
      this.#change(this.#replaceAll(data.insert as T[] ?? []));
      return true;
    }
    if (rev === undefined) {
      // Without positions, order is all there is: before the snapshot of this connection a change builds on what we don't have.
      if (this.#state === "live") this.#change(this.#apply(data.remove, data.insert as T[] | undefined));
      return true;
    }
    const position = this.#position;
    if (!position) return true; // The end of an earlier subscription; our snapshot is under way.
    if (epoch !== position.epoch || (prev ?? rev - 1) > position.rev) {
      const known = this.#state !== "live"; // One request is enough, however many changes follow the gap.
      this.#setState("stale");
      return known;
    }
    const news = rev > position.rev;
    if (news) this.#position = { rev, epoch };
    this.#change(news ? this.#apply(data.remove, data.insert as T[] | undefined) : []);
    return true;
  }

  /** @internal The collection is subscribed anew. */
  retry(): void {
    if (this.#state !== "failed") return;
    this.#expect();
    this.#setState("pending");
  }

  /** @internal What the server has is not told any more. */
  lost(): void {
    if (this.#state === "live") this.#setState("stale");
  }

  /** @internal */
  fail(error: SharedStateError): void {
    this.#rejectReady(new SubscriptionError(this.path, error));
    this.#setState("failed");
  }

  /** @internal */
  release(): void {
    this.#rejectReady(new SubscriptionError(this.path, refusal("failed", "released before the first snapshot")));
    this.#diffs.clear();
    this.#setState("released");
    this.#states.clear();
  }

  #expect(): void {
    this.#ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.#ready.catch(() => {}); // Who does not use it is not to crash by it.
  }

  /** The items are what they are to be; tells everybody. */
  #change(diffs: Diff<T>[]): void {
    this.#resolveReady(this);
    this.#setState("live");
    if (diffs.length > 0) this.#diffs.call(diffs);
  }

  #setState(state: CollectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#states.call(state);
  }

  /** Items that stay the same are no diff. */
  #replaceAll(items: readonly T[]): Diff<T>[] {
    const before = this.#items;
    this.#items = new Map(items.map(item => [item.id, item]));
    const diffs: Diff<T>[] = [];
    for (const [id, old] of before) {
      if (!this.#items.has(id)) diffs.push({ id, new: undefined, old });
    }
    for (const [id, item] of this.#items) {
      const old = before.get(id);
      if (!old) diffs.push({ id, new: item, old });
      else if (!same(old, item)) diffs.push({ id, new: item, old });
    }
    return diffs;
  }

  /** One diff per id, even if it is removed and inserted in one change. */
  #apply(remove: readonly string[] = [], insert: readonly T[] = []): Diff<T>[] {
    const before = new Map<string, T | undefined>();
    for (const id of remove) {
      before.set(id, this.#items.get(id));
      this.#items.delete(id);
    }
    for (const item of insert) {
      if (!before.has(item.id)) before.set(item.id, this.#items.get(item.id));
      this.#items.set(item.id, item);
    }
    const diffs: Diff<T>[] = [];
    for (const [id, old] of before) {
      const item = this.#items.get(id);
      if (item || old) diffs.push({ id, new: item, old } as Diff<T>);
    }
    return diffs;
  }
}

/** Ten characters of 36. Not randomUUID: pages on plain http don't have that. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(10)), byte => (byte % 36).toString(36)).join("");
}

/** Whether two JSON values are equal; the order of keys counts for nothing. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b)
    && keys.length === Object.keys(b).length
    && keys.every(key => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
}
