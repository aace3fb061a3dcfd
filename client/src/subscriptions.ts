import type { ProxyCollection } from "./collection.js";
import { PART_BYTES, Parts } from "./parts.js";
import { refusal, type Drop, type Item, type Notify, type Refusal, type Reply } from "./protocol.js";
import type { Answer } from "./requests.js";
import { backoffMs } from "./socket.js";

/** Why a subscription is not served; a server may leave out whether it may be later. */
type Reason = Omit<Refusal, "temporary"> & { temporary?: boolean };

/** One subscription: how the wire knows it, and the collection that it feeds. */
class Subscription {
  readonly collection: ProxyCollection<Item>;
  readonly parts = new Parts();
  /** The calls of `acquire` that were not matched by a release. */
  handles = 0;
  /** Times in a row that the server could not serve it for the moment. */
  refusals = 0;
  retry: ReturnType<typeof setTimeout> | undefined;

  constructor(collection: ProxyCollection<Item>) {
    this.collection = collection;
  }

  get key(): string {
    return this.collection.path;
  }

  /** Its element of `insert` in PUT /subs. The client's own options win over those of the page. */
  get request(): [path: string, options: object] {
    const { path, options, position } = this.collection;
    const { since, epoch, as, ...own } = options;
    return [path, { ...own, part: PART_BYTES, ...(position && { since: position.rev, epoch: position.epoch }) }];
  }
}

/** How a message names a subscription: by its path, as the client spelled it. */
const keyOf = ({ path }: { path: string }): string => path;

/**
 * The subscriptions that this client wants, and how the server is told.
 *
 * The first PUT /subs of a connection is the whole list, each path with the position that we have. An older server knows no others, and sends all
 * collections again for each; ours also takes changes of the list (`reset:false`). The client finds out once per connection, by the first
 * message that has a field which an older server does not send, or lacks one that ours sends. Until then it sends no second list.
 */
export class Subscriptions {
  #put: (arg: object) => Promise<Answer>;
  #settled: () => void;
  #wanted = new Map<string, Subscription>();
  /** The keys of those that the server has not been told on this connection; only while connected. */
  #changed = new Set<string>();
  #connected = false;
  #server: "unknown" | "older" | "incremental" = "unknown";
  /** A list is on its way, or its first NOTIFY is. */
  #asking = false;

  /** `settled` is called when requests that had to wait for subscriptions may go. */
  constructor(put: (arg: object) => Promise<Answer>, settled: () => void) {
    this.#put = put;
    this.#settled = settled;
  }

  get paths(): string[] {
    return [...this.#wanted.keys()];
  }

  /** Subscriptions wait until it is known how to tell the server. A request made now must wait behind them. */
  get waiting(): boolean {
    return this.#changed.size > 0 && this.#asking && this.#server === "unknown";
  }

  /** The collection of a path, with one more handle; a new one if there is none. */
  acquire(path: string, create: () => ProxyCollection<Item>): ProxyCollection<Item> {
    let subscription = this.#wanted.get(path);
    if (!subscription) {
      subscription = new Subscription(create());
      this.#wanted.set(path, subscription);
      this.#change(path);
    }
    subscription.handles++;
    return subscription.collection;
  }

  /** Gives a handle back, or all of them; the last one ends the subscription. */
  release(path: string, all: boolean): void {
    const subscription = this.#wanted.get(path);
    if (!subscription || --subscription.handles > 0 && !all) return;
    clearTimeout(subscription.retry);
    this.#wanted.delete(path);
    this.#change(path);
    subscription.collection.end();
  }

  /** What failed before may hold now. */
  connecting(): void {
    for (const { collection } of this.#wanted.values()) collection.retry();
  }

  opened(): void {
    this.#connected = true;
    this.#server = "unknown";
    this.#asking = false;
    for (const key of this.#wanted.keys()) this.#changed.add(key);
    this.flush();
  }

  lost(forGood: boolean): void {
    this.#connected = false;
    this.#changed.clear();
    for (const { collection, parts, retry } of [...this.#wanted.values()]) {
      clearTimeout(retry);
      parts.clear();
      collection.lost();
      if (forGood && collection.state === "pending") collection.fail(refusal("disconnected", "the client is closed"));
    }
  }

  /** A reply to whatever request: an older server sends no limits and no revisions. */
  replied({ limits, rev }: Reply): void {
    if (limits || rev !== undefined) this.#learn("incremental");
  }

  receive(notify: Notify): void {
    this.#learn(notify.rev === undefined ? "older" : "incremental");
    const subscription = this.#wanted.get(keyOf(notify));
    if (!subscription) return;
    subscription.refusals = 0;
    const whole = subscription.parts.add(notify);
    if (whole && !subscription.collection.receive(whole)) this.#change(subscription.key);
  }

  /** The server serves a subscription no more. */
  drop(drop: Drop): void {
    const subscription = this.#wanted.get(keyOf(drop));
    if (subscription) this.#refused(subscription, drop.error);
  }

  /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
  flush(): void {
    if (this.#changed.size === 0 || this.waiting) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    const incremental = this.#server === "incremental";
    const asked = incremental
      ? changed.flatMap(key => this.#wanted.get(key) ?? [])
      : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
    const insert = asked.map(({ request }) => request);
    const remove = changed.filter(key => !this.#wanted.has(key));
    this.#asking = true;
    void this.#put(incremental ? { reset: false, remove, insert } : { insert }).then(answer => this.#onAnswer(asked, answer));
  }

  /** Several changes made in one go are one request. */
  #change(key: string): void {
    if (!this.#connected) return;
    if (this.#changed.size === 0) queueMicrotask(() => this.flush());
    this.#changed.add(key);
  }

  #learn(server: "older" | "incremental"): void {
    if (this.#server === "incremental" || this.#server === server) return;
    this.#server = server;
    this.#goOn();
  }

  #goOn(): void {
    this.#asking = false;
    this.flush();
    this.#settled();
  }

  #onAnswer(asked: readonly Subscription[], { ok, error, errors }: Answer): void {
    if (error?.code === "disconnected") return;
    if (errors) this.#learn("incremental");
    const refused = new Map(errors);
    for (const subscription of asked) {
      const { collection } = subscription;
      const reason = refused.get(collection.path) ?? (ok || errors ? undefined : error ?? refusal("failed", "refused"));
      if (!reason || this.#wanted.get(subscription.key) !== subscription) continue;
      this.#refused(subscription, reason);
    }
    // Without a subscription there is no NOTIFY to learn from.
    if (!ok || asked.length === 0) this.#goOn();
  }

  #refused(subscription: Subscription, { code, message, temporary }: Reason): void {
    subscription.parts.clear();
    if (temporary ?? refusal(code, message).temporary) {
      subscription.collection.lost();
      clearTimeout(subscription.retry);
      subscription.retry = setTimeout(() => this.#change(subscription.key), backoffMs(subscription.refusals++));
    } else {
      subscription.collection.fail({ code, message, temporary: false });
    }
  }
}
