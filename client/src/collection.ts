import { alias } from "./aliases.js";
import { Callbacks, type CallbackHandle } from "./callbacks.js";
import { Items, type Diff } from "./items.js";
import { must } from "./json.js";
import {
  refusal, SharedStateError,
  type AnyItem, type Changes, type Item, type NewItem, type Notify, type Patch, type Position, type Refusal, type RequestOptions,
  type Result, type UpdateOptions,
} from "./protocol.js";
import { transact } from "./transaction.js";

/**
 * - `pending`: the first snapshot is on its way, or waits for a connection
 * - `live`: it is what the server has
 * - `stale`: it is what the server had; the connection is down or has just come back
 * - `failed`: the server refuses the subscription, or has ended it (it holds what it held), or the client closed before it held; tried
 * again at the next connection
 * - `released`: for good
 */
export type CollectionState = "pending" | "live" | "stale" | "failed" | "released";

/** What a subscriber of a collection gets. */
export interface CollectionView<T extends Item = AnyItem> {
  /** The collection's items, by their ids; the same array until something changes. */
  readonly items: readonly T[];
  /** What has changed since the last call; empty if it was the state alone, and in the first call. */
  readonly diffs: readonly Diff<T>[];
  readonly state: CollectionState;
}

/** What a collection needs of its client. */
export interface CollectionOwner {
  send(path: string, changes: unknown, options: RequestOptions | undefined): Promise<Result<number>>;
  read(path: string): Promise<Result<Item[]>>;
  /** Ends a request as its options say. */
  end<D>(result: Result<D>, options: RequestOptions | undefined): Result<D>;
  release(): void;
}

/** The local copy of a collection, kept up to date by the server. `SharedStateClient.acquire_collection` makes it. */
export class ProxyCollection<T extends Item = AnyItem> {
  readonly path: string;
  /** The subscription's options, as given to the first acquisition of the path. */
  readonly options: Readonly<Record<string, unknown>>;

  declare getItem: ProxyCollection<T>["get_item"];
  declare getItems: ProxyCollection<T>["get_items"];
  declare hasItem: ProxyCollection<T>["has_item"];
  declare updateItems: ProxyCollection<T>["update_items"];
  declare addCallback: ProxyCollection<T>["add_callback"];
  declare removeCallback: ProxyCollection<T>["remove_callback"];
  declare addStateCallback: ProxyCollection<T>["add_state_callback"];
  declare removeStateCallback: ProxyCollection<T>["remove_state_callback"];

  #owner: CollectionOwner;
  #state: CollectionState = "pending";
  #error: Refusal | undefined;
  #items = new Items<T>();
  /** Undefined until the first snapshot, and with a server that names no positions. */
  #position: Position | undefined;
  #diffs = new Callbacks<Diff<T>[]>();
  #states = new Callbacks<CollectionState>();
  #views = new Callbacks<CollectionView<T>>();
  #readyUsed = false;
  #ready!: Promise<this>;
  #resolveReady!: (self: this) => void;
  #rejectReady!: (error: SharedStateError) => void;

  /** @internal */
  constructor(path: string, options: Record<string, unknown>, owner: CollectionOwner) {
    this.path = path;
    this.options = options;
    this.#owner = owner;
    this.#expect();
  }

  get state(): CollectionState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): Refusal | undefined {
    return this.#state === "failed" ? this.#error : undefined;
  }

  /**
   * Resolves, with the collection, when the first snapshot is there. Rejects with a SharedStateError when the collection fails or is
   * released
   * before that; a failed one that is tried again has a new promise. It need not be caught.
   */
  get ready(): Promise<this> {
    this.#readyUsed = true;
    return this.#ready;
  }

  get size(): number {
    return this.#items.size;
  }

  /** All items, in the order of their ids by code points: the same array until something changes. Do not change it or its items. */
  get items(): readonly T[] {
    return this.#items.sorted;
  }

  /** One item (undefined when absent), or all items, as an array of your own. Do not change the items: insert a changed copy. */
  get(): T[];
  get(id: string): T | undefined;
  get(...ids: [] | [id: string]): T[] | T | undefined {
    return ids.length === 0 ? [...this.items] : this.#items.get(text(ids[0]));
  }

  has(id: string): boolean {
    return this.#items.has(text(id));
  }

  get_item(id: string): T | undefined {
    return this.get(id);
  }

  get_items(): T[] {
    return this.get();
  }

  has_item(id: string): boolean {
    return this.has(id);
  }

  /**
   * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
   * An item without `id` gets a new one; the result's `ids` tells it. Throws once the collection is released.
   */
  update(changes: Changes<T> = {}, options?: UpdateOptions): Promise<Result<number>> {
    this.#refuseReleased();
    if (!options?.unchanged) return this.#owner.send(this.path, changes, options);
    const at = this.#position;
    if (at?.epoch !== undefined) {
      return this.#owner.send(this.path, { ...changes, if: { ...changes.if, since: at.rev, epoch: at.epoch } }, options);
    }
    const message = "not sent: the collection shows no state yet that could be unchanged; await its `ready`";
    const result: Result<number> = { ok: false, path: this.path, data: message, error: refusal("bad_request", message) };
    return Promise.resolve(result).then(refused => this.#owner.end(refused, options));
  }

  update_items(changes?: Changes<T>, options?: UpdateOptions): Promise<Result<number>> {
    return this.update(changes, options);
  }

  /** Inserts or replaces one item, or several. */
  insert(items: NewItem<T> | readonly NewItem<T>[], options?: RequestOptions): Promise<Result<number>> {
    return this.update({ insert: Array.isArray(items) ? items : [items] }, options);
  }

  /** Removes the items of one id, or of several. */
  remove(ids: string | readonly string[], options?: RequestOptions): Promise<Result<number>> {
    return this.update({ remove: typeof ids === "string" ? [ids] : ids }, options);
  }

  /** Merges fields into an item (RFC 7396): `null` removes a field. A missing item is created. */
  patch(id: string, fields: Patch<T>, options?: UpdateOptions): Promise<Result<number>> {
    return this.update({ patch: [{ ...fields, id }] } as Changes<T>, options);
  }

  /** Adds to a number in an item, exactly, whoever else does so at the same time. What is missing is created. */
  increment(id: string, path: string, by = 1, options?: UpdateOptions): Promise<Result<number>> {
    return this.update({ inc: [{ id, path, by }] }, options);
  }

  /**
   * Changes an item by a function of what it is now (undefined if it is missing), and tries again with the newer item when somebody else
   * was faster: up to 25 times, then the result is a `conflict`. The function may be called several times; if it returns undefined,
   * nothing is changed.
   */
  transact(id: string, change: (item: T | undefined) => NewItem<T> | undefined, options?: RequestOptions): Promise<Result<number>> {
    this.#refuseReleased();
    must(typeof change === "function", "a function of an item", change);
    const { path } = this;
    const at = this.#position, item = this.#items.get(text(id));
    return transact<T>({
      path,
      send: changes => this.#owner.send(path, changes, { throw: false }),
      read: () => this.#owner.read(path) as Promise<Result<T[]>>,
      end: result => this.#owner.end(result, options),
    }, id, at?.epoch === undefined ? undefined : { item, at }, change);
  }

  /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
  add_callback(handler: (diffs: Diff<T>[]) => void): CallbackHandle<Diff<T>[]> {
    this.#refuseReleased();
    return this.#diffs.add(handler);
  }

  remove_callback(handle: CallbackHandle<Diff<T>[]>): void {
    this.#diffs.remove(handle);
  }

  /** Calls the handler with each later state. */
  add_state_callback(handler: (state: CollectionState) => void): CallbackHandle<CollectionState> {
    this.#refuseReleased();
    return this.#states.add(handler);
  }

  remove_state_callback(handle: CallbackHandle<CollectionState>): void {
    this.#states.remove(handle);
  }

  /** Calls the handler at once, and after each change of the items or the state. Returns the function that ends this. */
  subscribe(handler: (view: CollectionView<T>) => void): () => void {
    this.#refuseReleased();
    return this.#views.follow(handler, this.#view([]));
  }

  /** Gives back one acquisition of this collection. The last one ends it: no callback any more, and updates throw. */
  release(): void {
    if (this.#state !== "released") this.#owner.release();
  }

  /** @internal The state that it holds; undefined if the server has named none. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** @internal Takes a change from the server. False if one before it is missing, so that the client must subscribe again. */
  receive({ data, rev, epoch, prev }: Notify): boolean {
    if (data.reset) {
      this.#position = rev === undefined ? undefined : { rev, epoch };
      this.#change(this.#items.replaceAll(data.insert as T[] ?? []));
      return true;
    }
    if (rev === undefined) {
      // Without positions, order is all there is: before the snapshot of this connection a change builds on what we don't have.
      if (this.#state === "live") this.#change(this.#items.apply(data.remove, data.insert as T[] | undefined));
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
    this.#change(news ? this.#items.apply(data.remove, data.insert as T[] | undefined) : []);
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
  fail(error: Refusal): void {
    const unheard = !this.#readyUsed && this.#states.size + this.#views.size === 0;
    if (unheard && error.code !== "disconnected") console.error(`sharedstate: ${this.path} failed: ${error.message}`);
    this.#error = error;
    this.#rejectReady(new SharedStateError(this.path, error));
    this.#setState("failed");
  }

  /** @internal */
  end(): void {
    this.#rejectReady(new SharedStateError(this.path, refusal("failed", "released")));
    this.#diffs.clear();
    this.#setState("released");
    this.#states.clear();
    this.#views.clear();
  }

  #expect(): void {
    this.#ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.#ready.catch(() => {}); // A page that does not use it must not crash by it.
  }

  #refuseReleased(): void {
    if (this.#state === "released") throw new Error(`${this.path} was released: acquire it again`);
  }

  #view(diffs: readonly Diff<T>[]): CollectionView<T> {
    return { items: this.items, diffs, state: this.#state };
  }

  /** The items are up to date; tells all callbacks. */
  #change(diffs: Diff<T>[]): void {
    this.#resolveReady(this);
    if (!this.#setState("live", diffs) && diffs.length > 0) this.#tell(diffs);
    if (diffs.length > 0) this.#diffs.call(diffs);
  }

  /** Whether it is another state. */
  #setState(state: CollectionState, diffs: Diff<T>[] = []): boolean {
    if (state === this.#state) return false;
    this.#state = state;
    this.#states.call(state);
    this.#tell(diffs);
    return true;
  }

  #tell(diffs: Diff<T>[]): void {
    if (this.#views.size > 0) this.#views.call(this.#view(diffs));
  }
}

function text(id: string): string {
  must(typeof id === "string", "an id, a string", id);
  return id;
}

alias(ProxyCollection);
