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
  /** Its name, if another subscription of the path has none. */
  readonly as: string | undefined;
  /** Its options as text: equal ones share a subscription. */
  readonly optionsText: string;
  readonly parts = new Parts();
  /** The acquisitions that were not given back. */
  handles = 0;
  /** Times in a row that the server could not serve it for the moment. */
  refusals = 0;
  retry: ReturnType<typeof setTimeout> | undefined;

  constructor(collection: ProxyCollection<Item>, as: string | undefined, optionsText: string) {
    this.collection = collection;
    this.as = as;
    this.optionsText = optionsText;
  }

  get key(): string {
    return keyOf(this.collection.path, this.as);
  }

  /** Its element of `insert` in PUT /subs. The client's own options win over those of the page. */
  get request(): [path: string, options: object] {
    const { path, options, position } = this.collection;
    const { since, epoch, as, ...own } = options;
    const from = position && { since: position.rev, epoch: position.epoch };
    return [path, { ...own, part: PART_BYTES, ...(this.as && { as: this.as }), ...from }];
  }
}

/** A subscription is known by its path, or by its path and its name. A path has no line break. */
const keyOf = (path: string, as: string | undefined): string => (as ? `${path}\n${as}` : path);

/**
 * The subscriptions that this client wants, and how the server is told.
 *
 * The first PUT /subs of a connection is the whole list, each path with the position that we have. An older server knows no others, and
 * sends all
 * collections again for each; ours also takes changes of the list (`reset:false`). The client finds out once per connection, by the first
 * message that has a field which an older server does not send, or lacks one that ours sends. Until then it sends no second list.
 */
export class Subscriptions {
  #put: (arg: object) => Promise<Answer>;
  #settled: () => void;
  #renew: () => boolean;
  #wanted = new Map<string, Subscription>();
  /** The keys of those that the server has not been told on this connection; only while connected. */
  #changed = new Set<string>();
  #connected = false;
  #server: "unknown" | "older" | "incremental" = "unknown";
  /** A list is on its way, or its first NOTIFY is. */
  #asking = false;
  /** Those that wait for a valid token. */
  #unauthorized = new Set<Subscription>();
  /** How many names were given. */
  #names = 0;

  /**
   * `settled` is called when requests that had to wait for subscriptions may go, `renew` when the server wants a valid token; if there may
   * be one, `judged` follows.
   */
  constructor(put: (arg: object) => Promise<Answer>, settled: () => void, renew: () => boolean) {
    this.#put = put;
    this.#settled = settled;
    this.#renew = renew;
  }

  /** Subscriptions wait until it is known how to tell the server. A request made now must wait behind them. */
  get waiting(): boolean {
    return this.#changed.size > 0 && this.#asking && this.#server === "unknown";
  }

  /** The collection of a path and options, with one more handle; with `any`, the path's first one. A new one if there is none. */
  acquire(path: string, optionsText: string, any: boolean, create: (release: () => void) => ProxyCollection<Item>): ProxyCollection<Item> {
    let subscription = this.#of(path).find(other => any || other.optionsText === optionsText);
    if (!subscription) {
      const collection = create(() => this.#release(key, false));
      subscription = new Subscription(collection, this.#wanted.has(path) ? `${++this.#names}` : undefined, optionsText);
      const { key } = subscription;
      this.#wanted.set(key, subscription);
      this.#change(key);
    }
    subscription.handles++;
    return subscription.collection;
  }

  /** Ends all subscriptions of a path, or all there are. */
  release(path?: string): void {
    for (const { key } of this.#of(path)) this.#release(key, true);
  }

  /** Gives a handle back, or all of them; the last one ends the subscription. */
  #release(key: string, all: boolean): void {
    const subscription = this.#wanted.get(key);
    if (!subscription || --subscription.handles > 0 && !all) return;
    clearTimeout(subscription.retry);
    this.#wanted.delete(key);
    this.#change(key);
    subscription.collection.end();
  }

  #of(path?: string): Subscription[] {
    return [...this.#wanted.values()].filter(({ collection }) => path === undefined || collection.path === path);
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
    this.#unauthorized.clear();
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
    // An older server knows no names: its collections have no views, so that all subscriptions of the path are the same.
    const named = this.#wanted.get(keyOf(notify.path, notify.as));
    for (const subscription of this.#server === "older" ? this.#of(notify.path) : named ? [named] : []) {
      subscription.refusals = 0;
      const whole = subscription.parts.add(notify);
      if (whole && !subscription.collection.receive(whole)) this.#change(subscription.key);
    }
  }

  /** The server serves a subscription no more. */
  drop(drop: Drop): void {
    const subscription = this.#wanted.get(keyOf(drop.path, drop.as));
    if (subscription) this.#refused(subscription, drop.error);
  }

  /** The server has judged a token. What it refused before may be allowed now, unless there is a reason why not. */
  judged(reason?: Refusal): void {
    for (const subscription of this.#wanted.values()) {
      const { collection, key } = subscription;
      if (this.#unauthorized.has(subscription)) {
        if (reason) collection.fail(reason);
        else this.#change(key);
      } else if (!reason && ["unauthorized", "forbidden"].includes(collection.error?.code as string)) {
        collection.retry();
        this.#change(key);
      }
    }
    this.#unauthorized.clear();
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
    const remove = changed.filter(key => !this.#wanted.has(key)).map(key => (key.includes("\n") ? key.split("\n") : key));
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
    const refused = new Map(errors?.map(([path, reason]) => [keyOf(path, reason.as), reason]));
    for (const subscription of asked) {
      const reason = refused.get(subscription.key) ?? (ok || errors ? undefined : error ?? refusal("failed", "refused"));
      if (!reason || this.#wanted.get(subscription.key) !== subscription) continue;
      this.#refused(subscription, reason);
    }
    // Without a subscription there is no NOTIFY to learn from.
    if (!ok || asked.length === 0) this.#goOn();
  }

  #refused(subscription: Subscription, { code, message, temporary }: Reason): void {
    subscription.parts.clear();
    if (code === "unauthorized" && this.#renew()) {
      subscription.collection.lost();
      this.#unauthorized.add(subscription);
    } else if (temporary ?? refusal(code, message).temporary) {
      subscription.collection.lost();
      clearTimeout(subscription.retry);
      subscription.retry = setTimeout(() => this.#change(subscription.key), backoffMs(subscription.refusals++));
    } else {
      subscription.collection.fail({ code, message, temporary: false });
    }
  }
}
