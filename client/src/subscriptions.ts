import type { CollectionOwner, ProxyCollection } from "./collection.js";
import { refusal, type Drop, type Item, type Notify, type Refusal, type Reply } from "./protocol.js";
import type { Answer } from "./requests.js";
import { backoffMs } from "./socket.js";
import { keyOf, Subscription } from "./subscription.js";
import { FIELDS } from "./view.js";

/** What the subscriptions do for a collection. */
type Membership = Pick<CollectionOwner, "resubscribe" | "release">;

/** Why a subscription is not served; a server may leave out whether it may be later. */
type Reason = Omit<Refusal, "temporary"> & { temporary?: boolean };

const NO_VIEWS = `the server is too old for views: leave out ${FIELDS}`;

/** The refusal of a view, or of a read of one, by the client: an older server ignores what it does not know. */
export const noViews = (): Refusal => refusal("failed", NO_VIEWS);

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
  /** Those that the server was asked for, by their keys, until its first message for them. */
  #unanswered = new Map<string, Subscription>();
  #connected = false;
  #server: "unknown" | "older" | "incremental" = "unknown";
  /** A list is on its way, or its first NOTIFY is. */
  #asking = false;
  /** Those that wait for a valid token. */
  #unauthorized = new Set<Subscription>();
  /** The number of the last generated name, and the names that pages have given. */
  #lastName = 0;
  #given = new Set<string>();

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

  /** The collection of a path and options, with one more handle. A new one if there is none. */
  acquire(path: string, optionsText: string, create: (membership: Membership) => ProxyCollection<Item>): ProxyCollection<Item> {
    let subscription = this.#of(path).find(other => other.optionsText === optionsText);
    if (!subscription) {
      const added: Subscription = subscription = new Subscription(create({
        resubscribe: text => this.#resubscribe(added, text),
        release: () => this.#release(added, false),
      }), optionsText);
      const { as } = added.collection.options;
      if (as || added.isView || this.#isUsed(path)) added.as = this.#name(path, as);
      this.#want(added);
    }
    subscription.handles++;
    return subscription.collection;
  }

  /** Ends all subscriptions of a path, or all there are. */
  release(path?: string): void {
    for (const subscription of this.#of(path)) this.#release(subscription, true);
  }

  /** Whether a key belongs to a subscription, or to the view that one had and that is on its way. */
  #isUsed(key: string): boolean {
    return this.#wanted.has(key) || this.#of().some(({ told }) => told === key);
  }

  /** A name that no subscription of this client had: messages for an earlier view are on their way when a later one is asked for. */
  #name(path: string, given = ""): string {
    let name = given;
    while (!name || this.#given.has(name) || this.#wanted.has(keyOf(path, name))) name = `${given && `${given}.`}${++this.#lastName}`;
    if (given) this.#given.add(name);
    return name;
  }

  /** Asks for another view of the same collection, under another name. */
  #resubscribe(subscription: Subscription, text: string): void {
    const { collection, handles } = subscription;
    if (handles > 1) {
      throw new Error(`${collection.path} was acquired ${handles} times with these options, so that setView would change it for others: `
        + 'acquire it with an "as" of its own');
    }
    const { key, told } = subscription;
    subscription.optionsText = text;
    if (told === key) {
      this.#clear(subscription);
      subscription.as = this.#name(collection.path, collection.options.as);
      this.#wanted.set(subscription.key, subscription);
    }
    // A view is asked for when the server has answered the one before: only the newest of those that a page wants meanwhile.
    if (!told || !this.#unanswered.has(told)) this.#ask(subscription);
  }

  /** Gives a handle back, or all of them; the last one ends the subscription. */
  #release(subscription: Subscription, all: boolean): void {
    if (this.#wanted.get(subscription.key) !== subscription || --subscription.handles > 0 && !all) return;
    this.#forget(subscription);
    subscription.collection.end();
  }

  #want(subscription: Subscription): void {
    this.#wanted.set(subscription.key, subscription);
    this.#ask(subscription);
  }

  #forget(subscription: Subscription): void {
    this.#clear(subscription);
    this.#changed.delete(subscription.key);
    if (subscription.told) this.#change(subscription.told);
  }

  /** Nothing of a subscription under its present key counts any more. */
  #clear(subscription: Subscription): void {
    const { key, parts, retry } = subscription;
    clearTimeout(retry);
    parts.clear();
    this.#unauthorized.delete(subscription);
    this.#wanted.delete(key);
  }

  /** Has the server told of a subscription under its present key, and of the end of the one under another key. */
  #ask(subscription: Subscription): void {
    const { key, told } = subscription;
    if (told && told !== key) this.#change(told);
    this.#change(key);
  }

  /** The server has answered a request for a subscription, if there was one; it may want another view by now. */
  #answered(key: string): void {
    const subscription = this.#unanswered.get(key);
    this.#unanswered.delete(key);
    if (subscription?.told !== key || subscription.key === key) return;
    if (this.#wanted.get(subscription.key) === subscription) this.#ask(subscription);
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
    this.#unanswered.clear();
    this.#unauthorized.clear();
    for (const subscription of [...this.#wanted.values()]) {
      const { collection, parts, retry } = subscription;
      subscription.told = undefined;
      clearTimeout(retry);
      parts.clear();
      collection.lost();
      if (forGood && collection.awaited) collection.fail(refusal("disconnected", "the client is closed"));
    }
  }

  /** A reply to whatever request: an older server sends no limits and no revisions. */
  replied({ limits, rev }: Reply): void {
    if (limits || rev !== undefined) this.#learn("incremental");
  }

  receive(notify: Notify): void {
    this.#learn(notify.rev === undefined ? "older" : "incremental");
    // An older server knows no names: all subscriptions of the path that are no views get the same.
    const key = keyOf(notify.path, notify.as);
    const named = this.#wanted.get(key);
    this.#answered(key);
    for (const subscription of this.#server === "older" ? this.#of(notify.path).filter(({ isView }) => !isView) : named ? [named] : []) {
      subscription.refusals = 0;
      const whole = subscription.parts.add(notify);
      if (whole && !subscription.collection.receive(whole)) this.#change(subscription.key);
    }
  }

  /** The server serves a subscription no more. */
  drop(drop: Drop): void {
    const key = keyOf(drop.path, drop.as);
    const subscription = this.#wanted.get(key);
    this.#answered(key);
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
    if (this.#server === "older") this.#refuseViews();
    if (this.#changed.size === 0 || this.waiting) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    const incremental = this.#server === "incremental";
    const asked = incremental
      ? changed.flatMap(key => this.#wanted.get(key) ?? [])
      : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
    const told = asked.map(subscription => [subscription.key, subscription] as const);
    for (const [key, subscription] of told) {
      subscription.told = key;
      if (this.#server !== "older") this.#unanswered.set(key, subscription); // That one does not answer names.
    }
    const insert = asked.map(({ request }) => request);
    const remove = changed.filter(key => !this.#wanted.has(key)).map(key => (key.includes("\n") ? key.split("\n") : key));
    this.#asking = true;
    void this.#put(incremental ? { reset: false, remove, insert } : { insert }).then(answer => this.#onAnswer(told, answer));
  }

  /** Views fail on an older server. The list without them ends what the server sends for them. */
  #refuseViews(): void {
    for (const { collection, isView, key } of this.#of()) {
      if (!isView || collection.state === "failed") continue;
      this.#change(key);
      collection.fail(noViews());
    }
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
    if (server === "older") this.#unanswered.clear();
    this.#goOn();
  }

  #goOn(): void {
    this.#asking = false;
    this.flush();
    this.#settled();
  }

  #onAnswer(asked: readonly (readonly [key: string, subscription: Subscription])[], { ok, error, errors }: Answer): void {
    if (error?.code === "disconnected") return;
    if (errors) this.#learn("incremental");
    const refused = new Map(errors?.map(([path, reason]) => [keyOf(path, reason.as), reason]));
    for (const [key, subscription] of asked) {
      const reason = refused.get(key) ?? (ok || errors ? undefined : error ?? refusal("failed", "refused"));
      if (!reason) continue;
      this.#answered(key);
      if (this.#wanted.get(key) === subscription) this.#refused(subscription, reason);
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
