import type { ProxyCollection } from "./collection.js";
import { refusal, type Drop, type Item, type Notify, type SharedStateError } from "./protocol.js";
import type { Answer } from "./requests.js";
import { backoffMs } from "./socket.js";

interface Subscription {
  readonly collection: ProxyCollection<Item>;
  /** Times in a row that the server could not serve it for the moment. */
  refusals: number;
  retry?: ReturnType<typeof setTimeout>;
}

/** Why a path is not served; a server may leave out whether it may be later. */
type Refusal = Omit<SharedStateError, "temporary"> & { temporary?: boolean };

/**
 * What this client wants to be subscribed to, and how the server is told.
 *
 * The first PUT /subs of a connection is the whole list, each path with the position that we have. If the first NOTIFY bears a revision, the
 * server is one that also takes changes of the list (`reset:false`); an older one would take them for the whole, so it always gets the whole.
 */
export class Subscriptions {
  #put: (arg: object) => Promise<Answer>;
  #wanted = new Map<string, Subscription>();
  /** What the server has not been told on this connection; only while connected. */
  #changed = new Set<string>();
  #connected = false;
  #incremental = false;

  constructor(put: (arg: object) => Promise<Answer>) {
    this.#put = put;
  }

  get(path: string): ProxyCollection<Item> | undefined {
    return this.#wanted.get(path)?.collection;
  }

  add(collection: ProxyCollection<Item>): void {
    this.#wanted.set(collection.path, { collection, refusals: 0 });
    this.#change(collection.path);
  }

  release(path: string): void {
    const subscription = this.#wanted.get(path);
    if (!subscription) return;
    clearTimeout(subscription.retry);
    this.#wanted.delete(path);
    this.#change(path);
    subscription.collection.release();
  }

  /** What failed before may hold now. */
  connecting(): void {
    for (const { collection } of this.#wanted.values()) collection.retry();
  }

  opened(): void {
    this.#connected = true;
    this.#incremental = false;
    for (const path of this.#wanted.keys()) this.#changed.add(path);
    this.flush();
  }

  lost(forGood: boolean): void {
    this.#connected = false;
    this.#changed.clear();
    for (const { collection, retry } of [...this.#wanted.values()]) {
      clearTimeout(retry);
      collection.lost();
      if (forGood && collection.state === "pending") collection.fail(refusal("disconnected", "the client is closed"));
    }
  }

  receive(notify: Notify): void {
    if (notify.rev !== undefined) this.#incremental = true;
    const subscription = this.#wanted.get(notify.path);
    if (!subscription) return;
    subscription.refusals = 0;
    if (!subscription.collection.receive(notify)) this.#change(notify.path);
  }

  /** The server serves a path no more. */
  drop({ path, error }: Drop): void {
    const subscription = this.#wanted.get(path);
    if (subscription) this.#refused(subscription, error);
  }

  /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
  flush(): void {
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    const asked = this.#incremental
      ? changed.flatMap(path => this.#wanted.get(path) ?? [])
      : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
    const insert = asked.map(({ collection }) => [collection.path, collection.resumeOptions]);
    const remove = changed.filter(path => !this.#wanted.has(path));
    const arg = this.#incremental ? { reset: false, remove, insert } : { insert };
    void this.#put(arg).then(answer => this.#onAnswer(asked, answer));
  }

  /** Several changes made in one go are one request. */
  #change(path: string): void {
    if (!this.#connected) return;
    if (this.#changed.size === 0) queueMicrotask(() => this.flush());
    this.#changed.add(path);
  }

  #onAnswer(asked: readonly Subscription[], { ok, error, errors }: Answer): void {
    if (error?.code === "disconnected") return;
    const refused = new Map(errors);
    for (const subscription of asked) {
      const { collection } = subscription;
      const reason = refused.get(collection.path) ?? (ok || errors ? undefined : error ?? refusal("failed", "the subscription failed"));
      if (!reason || this.get(collection.path) !== collection) continue;
      this.#refused(subscription, reason);
    }
  }

  #refused(subscription: Subscription, { code, message, temporary }: Refusal): void {
    if (temporary ?? refusal(code, message).temporary) {
      subscription.collection.lost();
      clearTimeout(subscription.retry);
      subscription.retry = setTimeout(() => this.#change(subscription.collection.path), backoffMs(subscription.refusals++));
    } else {
      subscription.collection.fail({ code, message, temporary: false });
    }
  }
}
