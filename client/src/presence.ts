import { guarded } from "./callbacks.js";
import type { CollectionState, CollectionView, ProxyCollection } from "./collection.js";
import { isObject, must } from "./json.js";
import type { AnyItem, Changes, Item, Result } from "./protocol.js";

/** How long the others still see this client after its connection was lost, in seconds. One that comes back in time does not flicker. */
const GRACE = 10;

/** What a presence needs of its client. */
export interface PresenceOwner {
  readonly client: {
    readonly connected: boolean;
    update(path: string, changes: Changes, options: { throw: boolean }): Promise<Result<number>>;
    subscribe(handler: (view: { state: string }) => void): () => void;
  };
  left(): void;
}

/** The items of a collection without the one of this client, live. */
export class Others<T extends Item = AnyItem> {
  #collection: ProxyCollection<T>;
  #own: string;
  #all: readonly T[] | undefined;
  #items: readonly T[] = [];

  /** @internal */
  constructor(collection: ProxyCollection<T>, own: string) {
    this.#collection = collection;
    this.#own = own;
  }

  /** All of them, by their ids: the same array until the collection changes. Do not change it or its items. */
  get items(): readonly T[] {
    const all = this.#collection.items;
    if (all !== this.#all) this.#items = Object.freeze(all.filter(({ id }) => id !== this.#own));
    this.#all = all;
    return this.#items;
  }

  get size(): number {
    return this.items.length;
  }

  get state(): CollectionState {
    return this.#collection.state;
  }

  get(id: string): T | undefined {
    return id === this.#own ? undefined : this.#collection.get(id);
  }

  /** Calls the handler at once, and after each change of the others or the state. Returns the function that ends this. */
  subscribe(handler: (view: Omit<CollectionView<T>, "total">) => void): () => void {
    let told: CollectionState | undefined;
    return this.#collection.subscribe(({ diffs: all, state }) => {
      const diffs = all.filter(({ id }) => id !== this.#own);
      if (diffs.length === 0 && state === told) return;
      told = state;
      handler({ items: this.items, diffs, state });
    });
  }
}

/** One item that stands for this client while it is connected, and those of the others. `SharedStateClient.presence` makes it. */
export class Presence<T extends Item = AnyItem> {
  /** The id of this client's item. */
  readonly id: string;
  readonly others: Others<T>;

  #owner: PresenceOwner;
  #collection: ProxyCollection<T>;
  #ephemeral: { holder: string; grace: number };
  #fields: object;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<Result<number>> | undefined;
  #hidden = false;
  #left: Promise<Result<number>> | undefined;
  #ends: (() => void)[];

  /** @internal */
  constructor(collection: ProxyCollection<T>, id: string, fields: object, owner: PresenceOwner) {
    this.id = id;
    this.others = new Others(collection, id);
    this.#owner = owner;
    this.#collection = collection;
    this.#ephemeral = { holder: `presence ${id}`, grace: GRACE };
    this.#fields = fields;
    // Whoever removed it, a host that took this one for dead among them, it is here.
    const handle = collection.add_callback(diffs => {
      if (diffs.some(diff => diff.id === id && !diff.new) && owner.client.connected) this.#show();
    });
    const listen = (type: string, handler: () => void): (() => void) => {
      globalThis.addEventListener?.(type, handler);
      return () => globalThis.removeEventListener?.(type, handler);
    };
    let before = "";
    this.#ends = [
      () => collection.remove_callback(handle),
      owner.client.subscribe(({ state }) => {
        if (state === "connected" && before !== state) this.#show();
        before = state;
      }),
      listen("pagehide", () => this.#hide()),
      listen("pageshow", () => {
        if (!this.#hidden) return; // The page is shown for the first time.
        this.#hidden = false;
        this.#show();
      }),
    ];
  }

  /**
   * Changes fields of this client's item; the others stay. While an update is on its way the newest fields wait for its answer, so this
   * may be called with each move of a pointer. The promise is that of the update which has the fields.
   */
  set(fields: Partial<Omit<T, "id">>): Promise<Result<number>> {
    must(isObject(fields), "an object with fields", fields);
    if (this.#left) throw new Error("this presence has left");
    this.#fields = { ...this.#fields, ...fields };
    return this.#send();
  }

  /** Removes the item, and gives the collection back. For good. */
  leave(): Promise<Result<number>> {
    if (this.#left) return this.#left;
    for (const end of this.#ends) end();
    this.#left = this.#remove();
    this.#owner.left();
    this.#collection.release();
    return this.#left;
  }

  #show(): void {
    if (!this.#left && !this.#hidden) guarded(() => this.#send());
  }

  /** A page that is left, perhaps to come back. */
  #hide(): void {
    this.#hidden = true;
    guarded(() => this.#remove());
  }

  #remove(): Promise<Result<number>> {
    return this.#update({ remove: [this.id] });
  }

  #send(): Promise<Result<number>> {
    return this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      if (this.#left || this.#hidden) return this.#left ?? this.#remove();
      const sent = this.#update({ insert: [{ ...this.#fields, id: this.id }], ephemeral: this.#ephemeral });
      this.#running = sent;
      return sent;
    });
  }

  #update(changes: Changes): Promise<Result<number>> {
    return this.#owner.client.update(this.#collection.path, changes, { throw: false });
  }
}
