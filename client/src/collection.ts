import { alias } from "./aliases.js";
import { Callbacks, type CallbackHandle } from "./callbacks.js";
import { Items, type Diff } from "./items.js";
import { checkOptions, must } from "./json.js";
import {
  refusal, SharedStateError,
  type AnyItem, type Changes, type Item, type NewItem, type Notify, type Patch, type Position, type Refusal, type RequestOptions,
  type Result, type UpdateOptions,
} from "./protocol.js";
import { Readiness } from "./readiness.js";
import { transact } from "./transaction.js";
import { changedText, optionsText, viewOf, type CollectionOptions, type Order, type View } from "./view.js";

/**
 * - `pending`: the first snapshot is on its way, or waits for a connection
 * - `live`: it is what the server has
 * - `stale`: it is what the server had; the connection is down or has just come back, or the items of a changed view are on their way
 * - `failed`: the server refuses the subscription, or has ended it (it holds what it held), or the client closed before it held; tried
 * again at the next connection
 * - `released`: for good
 */
export type CollectionState = "pending" | "live" | "stale" | "failed" | "released";

/** What a subscriber of a collection gets. */
export interface CollectionView<T extends Item = AnyItem> {
  /** The collection's items in their order; the same array until something changes. */
  readonly items: readonly T[];
  /** The number of items that match the filter; undefined without a limit. */
  readonly total: number | undefined;
  /** What has changed since the last call; empty if it was the state alone, and in the first call. */
  readonly diffs: readonly Diff<T>[];
  readonly state: CollectionState;
}

/** What a collection needs of its client. */
export interface CollectionOwner {
  send(path: string, changes: unknown, options: RequestOptions | undefined): Promise<Result<number>>;
  read(path: string, view: View): Promise<Result<Item[]>>;
  /** Ends a request as its options say. */
  end<D>(result: Result<D>, options: RequestOptions | undefined): Result<D>;
  /** Subscribes with other options, given as text. Throws if others share the collection. */
  resubscribe(text: string): void;
  release(): void;
}

const NO_ORDER: Order = [];

/** The local copy of a collection, or of a view of it, kept up to date by the server. `SharedStateClient.collection` makes it. */
export class ProxyCollection<T extends Item = AnyItem> {
  readonly path: string;

  declare getItem: ProxyCollection<T>["get_item"];
  declare getItems: ProxyCollection<T>["get_items"];
  declare hasItem: ProxyCollection<T>["has_item"];
  declare updateItems: ProxyCollection<T>["update_items"];
  declare addCallback: ProxyCollection<T>["add_callback"];
  declare removeCallback: ProxyCollection<T>["remove_callback"];
  declare addStateCallback: ProxyCollection<T>["add_state_callback"];
  declare removeStateCallback: ProxyCollection<T>["remove_state_callback"];

  #owner: CollectionOwner;
  #options: CollectionOptions;
  #state: CollectionState = "pending";
  #error: Refusal | undefined;
  #items = new Items<T>();
  #total: number | undefined;
  /** Undefined until the first snapshot, and with a server that names no positions. */
  #position: Position | undefined;
  /** The items are still those of the view before the last `setView`. */
  #changing = false;
  #diffs = new Callbacks<Diff<T>[]>();
  #states = new Callbacks<CollectionState>();
  #views = new Callbacks<CollectionView<T>>();
  #readyUsed = false;
  #ready = new Readiness<this>();

  /** @internal */
  constructor(path: string, options: CollectionOptions, owner: CollectionOwner) {
    this.path = path;
    this.#options = options;
    this.#owner = owner;
  }

  /** The subscription's options. */
  get options(): Readonly<CollectionOptions> {
    return this.#options;
  }

  get state(): CollectionState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): Refusal | undefined {
    return this.#state === "failed" ? this.#error : undefined;
  }

  /**
   * Resolves, with the collection, when the first snapshot is there, or after `setView` that of the new view. Rejects with a
   * SharedStateError when the collection fails or is released before that; a failed one that is tried again has a new promise. It need not
   * be caught.
   */
  get ready(): Promise<this> {
    this.#readyUsed = true;
    return this.#ready.promise;
  }

  get size(): number {
    return this.#items.size;
  }

  /** The number of items that match the filter, also those beyond the limit; undefined without a limit. */
  get total(): number | undefined {
    return this.#total;
  }

  /**
   * All items, in the `order` of the options, else in that of their ids by code points: the same array until something changes. Do not
   * change it or its items.
   */
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
  update(changes: Changes<T> = {}, options: UpdateOptions = {}): Promise<Result<number>> {
    this.#refuseReleased();
    checkOptions(options, "throw, unchanged");
    const { unchanged, ...how } = options;
    if (!unchanged) return this.#owner.send(this.path, changes, how);
    const at = this.#position;
    if (at?.epoch !== undefined) {
      return this.#owner.send(this.path, { ...changes, if: { ...changes.if, since: at.rev, epoch: at.epoch } }, how);
    }
    const message = "not sent: `unchanged` needs a snapshot, await `ready`";
    const result: Result<number> = { ok: false, path: this.path, data: message, error: refusal("bad_request", message) };
    return Promise.resolve(result).then(refused => this.#owner.end(refused, options));
  }

  update_items(changes?: Changes<T>, options?: UpdateOptions): Promise<Result<number>> {
    return this.update(changes, options);
  }

  /** Inserts or replaces one item, or several. */
  insert(items: NewItem<T> | readonly NewItem<T>[], options?: UpdateOptions): Promise<Result<number>> {
    return this.update({ insert: Array.isArray(items) ? items : [items] }, options);
  }

  /** Removes the items of one id, or of several. */
  remove(ids: string | readonly string[], options?: UpdateOptions): Promise<Result<number>> {
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
  transact(id: string, change: (item: T | undefined) => NewItem<T> | undefined, options: RequestOptions = {}): Promise<Result<number>> {
    this.#refuseReleased();
    checkOptions(options, "throw");
    must(typeof change === "function", "a function of the item", change);
    const { path } = this;
    const at = this.#position, item = this.#items.get(text(id));
    // A view does not show an item that exists outside of it, nor the fields that it leaves out.
    const { fields, ...part } = viewOf(this.#options) ?? {};
    const known = at?.epoch !== undefined && !fields && (item || Object.keys(part).length === 0);
    return transact<T>({
      path,
      send: changes => this.#owner.send(path, changes, { throw: false }),
      read: () => this.#owner.read(path, { filter: { id } }) as Promise<Result<T[]>>,
      end: result => this.#owner.end(result, options),
    }, id, known ? { item, at } : undefined, change);
  }

  /**
   * Changes `filter`, `order`, `limit`, `after` or `fields` of this collection; a field that is not given stays, undefined or null removes
   * it. The collection keeps its items, as `stale`, until those of the new view are there; one callback tells the differences. Returns the
   * new `ready`. Throws if the collection was acquired several times: one with an `as` of its own can be changed alone.
   */
  setView(view: View): Promise<this> {
    this.#refuseReleased();
    const changed = changedText(this.#options, view);
    if (changed !== optionsText(this.#options)) {
      this.#owner.resubscribe(changed);
      this.#options = JSON.parse(changed) as CollectionOptions;
      this.#changing = true;
      this.#ready.renew();
      if (this.#state !== "pending") this.#setState(this.#state === "failed" ? "pending" : "stale");
    }
    return this.#ready.promise;
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

  /** @internal The state of the view that it holds; undefined if the server has named none. */
  get position(): Position | undefined {
    return this.#changing ? undefined : this.#position;
  }

  /** @internal Whether its first snapshot, or that of its changed view, is on its way. */
  get awaited(): boolean {
    return this.#ready.awaited;
  }

  /** @internal Takes a change from the server. False if one before it is missing, so that the client must subscribe again. */
  receive({ data, rev, epoch, prev, total }: Notify): boolean {
    if (data.reset) {
      this.#position = rev === undefined ? undefined : { rev, epoch };
      this.#changing = false;
      this.#change(this.#items.replaceAll(data.insert as T[] ?? [], this.#options.order ?? NO_ORDER), total);
      return true;
    }
    if (rev === undefined) {
      // Without positions, order is all there is: before the snapshot of this connection a change builds on what we don't have.
      if (this.#state === "live") this.#change(this.#items.apply(data.remove, data.insert as T[] | undefined));
      return true;
    }
    const { position } = this;
    if (!position) return true; // The end of an earlier subscription; our snapshot is under way.
    if (epoch !== position.epoch || (prev ?? rev - 1) > position.rev) {
      const known = this.#state !== "live"; // One request is enough, however many changes follow the gap.
      this.#setState("stale");
      return known;
    }
    const news = rev > position.rev;
    if (news) this.#position = { rev, epoch };
    this.#change(news ? this.#items.apply(data.remove, data.insert as T[] | undefined) : [], rev < position.rev ? this.#total : total);
    return true;
  }

  /** @internal The collection is subscribed anew. */
  retry(): void {
    if (this.#state !== "failed") return;
    this.#ready.renew();
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
    this.#ready.reject(new SharedStateError(this.path, error));
    this.#setState("failed");
  }

  /** @internal */
  end(): void {
    this.#ready.reject(new SharedStateError(this.path, refusal("failed", "released")));
    this.#diffs.clear();
    this.#setState("released");
    this.#states.clear();
    this.#views.clear();
  }

  #refuseReleased(): void {
    if (this.#state === "released") throw new Error(`${this.path} was released: acquire it again`);
  }

  #view(diffs: readonly Diff<T>[]): CollectionView<T> {
    return { items: this.items, total: this.#total, diffs, state: this.#state };
  }

  /** The items are up to date; tells all callbacks. */
  #change(diffs: Diff<T>[], total?: number): void {
    const news = diffs.length > 0 || total !== this.#total;
    this.#total = total;
    this.#ready.resolve(this);
    if (!this.#setState("live", diffs) && news) this.#tell(diffs);
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
