/// <reference lib="esnext.disposable" preserve="true" />
import { alias } from "./aliases.js";
import { Callbacks, guarded, type CallbackHandle } from "./callbacks.js";
import { ServerClock } from "./clock.js";
import { ProxyCollection } from "./collection.js";
import { checkOptions, isObject, knownOptions, must, whyNoUpdate } from "./json.js";
import { ProxyObject } from "./object.js";
import { newId, withIds } from "./order.js";
import { Presence } from "./presence.js";
import { collectionPath, isCollection, webSocketUrl } from "./paths.js";
import {
  parseMessage, refusal, SharedStateError, type AnyItem, type Changes, type Item, type RequestOptions, type Result,
} from "./protocol.js";
import { refused, Requests, type Answer } from "./requests.js";
import { Session, type Identity, type TokenSource } from "./session.js";
import { Socket, type ClientState, type CloseReason, type WebSocketLike } from "./socket.js";
import { sorted } from "./sorting.js";
import { noViews, Subscriptions } from "./subscriptions.js";
import { FIELDS, OPTIONS as VIEW_OPTIONS, optionsText, viewOf, withSortFields, type CollectionOptions, type View } from "./view.js";

export interface SharedStateOptions {
  /** Log all traffic to the console, and refusals whose `ok` nothing has read. Default false. */
  debug?: boolean;
  /** A request that is refused throws a SharedStateError instead of resolving with `ok: false`. Default false. */
  throw?: boolean;
  /**
   * The token for the server, or a function that gets one, also as a promise. The client sends it as the first request of each connection,
   * never in the URL, and calls the function again before the token expires and when the server says `unauthorized`.
   */
  token?: TokenSource;
  /** Disposes of the client when it aborts. */
  signal?: AbortSignal;
  /** Give up after so many failed attempts to connect in a row. Default: never. */
  retries?: number;
  /**
   * How long a request waits for the connection, and how long an attempt to connect may take. Default 10,000. The answer may take one and
   * a half times that from the
   * moment when the request has left and the link is free for the answer: the server promises one within 10 s. 0 or Infinity: no limit.
   */
  timeoutMs?: number;
  /**
   * How often the client looks whether anything moves on the connection. Default 5,000. After 2-3 quiet looks it asks the server, after
   * 4-5 it connects anew; later
   * while bytes may still be on their way.
   */
  heartbeatMs?: number;
  /** The WebSocket to use. Default: the global one, which Node has from version 22 on; before, that of the `ws` package does. */
  WebSocket?: new (url: string) => WebSocketLike;
}

/** What a subscriber of a client gets. */
export interface ClientView {
  readonly state: ClientState;
  /** The updates that are not answered yet. */
  readonly pending: number;
  /** The user that the server knows the client as; null while it is anonymous. */
  readonly user: string | null;
}

/** Older browsers and Node have no `Symbol.dispose`. */
const symbolDispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

const OPTIONS = "debug, throw, token, signal, retries, timeoutMs, heartbeatMs, WebSocket";

const NO_WEBSOCKET = "there is no WebSocket: pass that of the ws package as options.WebSocket";

/** A connection to a Shared State server that keeps itself up, and the collections that it shares. */
export class SharedStateClient {
  /** The WebSocket URL that it connects to. */
  readonly url: string;
  readonly options: SharedStateOptions;

  declare acquireCollection: SharedStateClient["acquire_collection"];
  declare acquireObject: SharedStateClient["acquire_object"];
  declare addIdentityCallback: SharedStateClient["add_identity_callback"];
  declare removeIdentityCallback: SharedStateClient["remove_identity_callback"];
  declare addStateCallback: SharedStateClient["add_state_callback"];
  declare removeStateCallback: SharedStateClient["remove_state_callback"];

  #socket: Socket;
  #requests: Requests;
  #subscriptions: Subscriptions;
  #session: Session;
  #identities = new Callbacks<Identity>();
  #objects = new WeakMap<ProxyCollection, Map<string, ProxyObject>>();
  #clock: ServerClock | undefined;
  #states = new Callbacks<ClientState>();
  #views = new Callbacks<ClientView>();
  #presences = new Set<Presence<Item>>();
  #pending = 0;
  #disposed = false;

  /**
   * Connects at once. `url` is ws, wss, http, https, or relative to the page, else this throws. Where there is no WebSocket, as where
   * pages are rendered
   * on a server, the client is closed.
   */
  constructor(url: string, options: SharedStateOptions = {}) {
    knownOptions(options, OPTIONS);
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    const { retries = Infinity, timeoutMs: limitMs = 10_000, heartbeatMs = 5000, signal } = options;
    must(limitMs >= 0, "milliseconds as timeoutMs", limitMs);
    const timeoutMs = limitMs || Infinity;
    this.url = WebSocket ? webSocketUrl(url) : url;
    this.options = options;
    this.#session = new Session(options.token, {
      send: token => this.#requests.add("PUT", "/auth", { token }, this.connected),
      began: () => this.#onBegan(),
      changed: () => this.#onIdentity(),
      judged: reason => this.#subscriptions.judged(reason),
    });
    this.#subscriptions = new Subscriptions(
      arg => this.#request("PUT", "/subs", arg), () => this.#sendWaiting(), () => this.#session.renew());
    const socket = this.#socket = new Socket(this.url, { WebSocket, retries, timeoutMs, heartbeatMs }, {
      connecting: () => this.#onConnecting(),
      opened: () => this.#onOpened(),
      received: text => this.#onReceived(text),
      moved: () => this.#requests.received(true),
      closed: reason => this.#onClosed(reason),
      failed: error => guarded(() => this.on_error(error)),
      quiet: () => void this.#request("GET", "/clock", undefined),
    });
    this.#requests = new Requests({ get link() { return socket.link; }, send: text => this.#transmit(text) }, timeoutMs);
    signal?.addEventListener("abort", () => this.dispose());
    if (signal?.aborted) this.dispose();
    else if (WebSocket) socket.connect(true);
  }

  get state(): ClientState {
    return this.#socket.state;
  }

  get connected(): boolean {
    return this.state === "connected";
  }

  get connecting(): boolean {
    return this.state === "connecting";
  }

  /** Calls the handler with each later state. */
  add_state_callback(handler: (state: ClientState) => void): CallbackHandle<ClientState> {
    return this.#states.add(handler);
  }

  remove_state_callback(handle: CallbackHandle<ClientState>): void {
    this.#states.remove(handle);
  }

  /** The user that the server knows the client as; null while it is anonymous. */
  get user(): string | null {
    return this.identity.user;
  }

  /** All that the server knows of the user: what the token says. */
  get identity(): Identity {
    return this.#session.identity;
  }

  /** Calls the handler with each later identity. */
  add_identity_callback(handler: (identity: Identity) => void): CallbackHandle<Identity> {
    return this.#identities.add(handler);
  }

  remove_identity_callback(handle: CallbackHandle<Identity>): void {
    this.#identities.remove(handle);
  }

  /** Uses another token, or another function, from now on, as after a login; null makes the client anonymous. */
  setToken(token: TokenSource): void {
    this.#session.change(token);
  }

  /** The updates that are not answered yet: for a "Saving…". */
  get pending(): number {
    return this.#pending;
  }

  /** Calls the handler at once, and with each change of `state`, `pending` or `user`. Returns the function that ends this. */
  subscribe(handler: (view: ClientView) => void): () => void {
    return this.#views.follow(handler, this.#view);
  }

  /**
   * Connects again after it closed, or at once if it waits for its next attempt; right after a failure that attempt is made in due
   * time.
   */
  connect(): Promise<void> {
    if (this.#unusable === undefined) this.#socket.connect();
    return this.connectedPromise();
  }

  /** Resolves when it is connected. Rejects if it is or gets closed before that. It need not be caught. */
  connectedPromise(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const settle = (state: ClientState): void => {
        if (state === "connected") resolve();
        else if (state === "closed") reject(new Error(this.#unusable ?? `the client is closed, no connection to ${this.url}`));
        else return;
        this.#states.remove(handle);
      };
      const handle = this.#states.add(settle);
      settle(this.state);
    });
    promise.catch(() => {});
    return promise;
  }

  /** Ends the connection, until `connect`. Collections keep what they hold, and go on from there. */
  close(): void {
    this.#socket.close();
  }

  /** Ends the client for good: its connection, its collections, and its requests. */
  dispose(): void {
    for (const presence of this.#presences) void presence.leave();
    this.#disposed = true;
    this.#subscriptions.release();
    this.close();
    this.#requests.lost(true);
  }

  [symbolDispose](): void {
    this.dispose();
  }

  /**
   * The collection of a path, or a view of it, kept up to date until it is released as often as it was acquired; the same object for each
   * call with an equal path and equal options.
   */
  collection<T extends Item = AnyItem>(path: string, options: CollectionOptions = {}): ProxyCollection<T> {
    if (this.#disposed) throw new Error("the client was disposed of");
    const spelling = collectionPath(path);
    const text = optionsText(options);
    const collection = this.#subscriptions.acquire(spelling, text, membership => new ProxyCollection<Item>(spelling, JSON.parse(text), {
      ...membership,
      send: (where, changes, requestOptions) => this.update(where, changes as Changes, requestOptions),
      read: (where, view) => this.#send("GET", where, view, { throw: false }),
      end: (result, requestOptions) => this.#end(result, requestOptions),
    }));
    if (this.state === "closed") this.#subscriptions.lost(true);
    return collection as unknown as ProxyCollection<T>; // The server does not know types: the caller does.
  }

  acquire_collection<T extends Item = AnyItem>(path: string, options: CollectionOptions = {}): ProxyCollection<T> {
    return this.collection(path, knownOptions(options, VIEW_OPTIONS));
  }

  /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
  object(path: string, name: string, options?: CollectionOptions): ProxyObject {
    const collection = this.collection(path, options);
    let objects = this.#objects.get(collection);
    if (!objects) this.#objects.set(collection, objects = new Map());
    let object = objects.get(name);
    if (!object) objects.set(name, object = new ProxyObject(collection, name));
    return object;
  }

  /**
   * Shows the others that this client is here: one item in a collection, with the fields, for as long as the client is connected. It is
   * inserted again after a reconnect, and goes with `leave`, with the page, or a few seconds after the connection was lost.
   */
  presence<T extends Item = AnyItem>(path: string, fields: Partial<Omit<T, "id">> = {}): Presence<T> {
    must(isObject(fields), "an object with fields", fields);
    const collection = this.collection<T>(path);
    const presence = new Presence<T>(collection, newId(), fields, {
      client: this,
      left: () => this.#presences.delete(presence as unknown as Presence<Item>),
    });
    this.#presences.add(presence as unknown as Presence<Item>);
    return presence;
  }

  acquire_object(path: string, name: string, options: CollectionOptions = {}): ProxyObject {
    return this.object(path, name, knownOptions(options, VIEW_OPTIONS));
  }

  /** Ends all collections and objects of a path, however often they were acquired: no callback any more, and updates throw. */
  release(path: string): void {
    this.#subscriptions.release(collectionPath(path));
  }

  /** Asks the server for the data at a path; with the fields of a view, for that view of a collection. */
  async get<D = unknown>(path: string, options: View & RequestOptions = {}): Promise<Result<D>> {
    checkOptions(options, `${FIELDS}, throw`);
    const view = viewOf(options);
    const result = await this.#send<D>("GET", path, view && withSortFields(view), { ...options, throw: false });
    if (view && result.ok && isCollection(path)) {
      // An older server has sent the whole collection.
      if (result.rev === undefined) return this.#end({ ok: false, path, data: result.data, error: noViews() }, options);
      if (view.order) result.data = sorted(result.data as Item[], view.order) as D;
    }
    return this.#end(result, options);
  }

  /** Sends a change to a path, whether its collection was acquired or not; see `ProxyCollection.update`. */
  async update<T extends Item = AnyItem>(path: string, changes: Changes<T>, options: RequestOptions = {}): Promise<Result<number>> {
    checkOptions(options, "throw");
    this.#setPending(1);
    try {
      return await this.#send<number>("PUT", path, changes, options);
    } finally {
      this.#setPending(-1);
    }
  }

  /** The server's clock, from the first use on. */
  get clock(): ServerClock {
    return this.#clock ??= new ServerClock(this);
  }

  /** The connection is up; subscriptions and waiting requests are on their way. */
  on_connect(): void {}

  /** A connection, or an attempt at one, has ended. */
  on_disconnect(_reason: CloseReason): void {}

  /** The WebSocket reports an error; `on_disconnect` follows. */
  on_error(_error: unknown): void {}

  /** A message has come and was dealt with. */
  on_message(_data: string): void {}

  get #view(): ClientView {
    return { state: this.state, pending: this.#pending, user: this.user };
  }

  /** Why it can never connect. */
  get #unusable(): string | undefined {
    if (this.#disposed) return "the client was disposed of";
    return this.options.WebSocket ?? globalThis.WebSocket ? undefined : NO_WEBSOCKET;
  }

  #tell(): void {
    this.#states.call(this.state);
    this.#views.call(this.#view);
  }

  #setPending(more: number): void {
    this.#pending += more;
    this.#views.call(this.#view);
  }

  async #send<D>(cmd: "GET" | "PUT", path: string, arg: unknown, options: RequestOptions | undefined): Promise<Result<D>> {
    // The subscriptions go first: an update's NOTIFY comes before its reply, and must find its subscription.
    this.#subscriptions.flush();
    const isUpdate = cmd === "PUT" && isCollection(path);
    const why = isUpdate ? whyNoUpdate(arg) : undefined;
    const insert = isUpdate && !why && (arg as Changes).insert ? withIds((arg as Changes).insert ?? []) : undefined;
    if (insert) arg = { ...(arg as Changes), insert };
    const { ok, data, error, rev, epoch, total, conflicts } = why
      ? refused("bad_request", `not sent: ${why}`)
      : await this.#request(cmd, path, arg, this.#subscriptions.waiting);
    const position = { ...(rev !== undefined && { rev }), ...(epoch !== undefined && { epoch }), ...(total !== undefined && { total }) };
    if (ok) return { ok, path, data: data as D, ...position, ...(insert && { ids: insert.map(({ id }) => id) }) };
    const reason = error ?? refusal("failed", String(data));
    if (reason.code === "unauthorized") this.#session.renew();
    return this.#end({ ok, path, data, error: reason, ...position, ...(conflicts && { conflicts }) }, options);
  }

  #end<D>(result: Result<D>, options: RequestOptions | undefined): Result<D> {
    if (result.ok) return result;
    if (options?.throw ?? this.options.throw) throw new SharedStateError(result.path, result.error);
    return this.options.debug ? watched(result, result.path) : result;
  }

  #request(cmd: "GET" | "PUT", path: string, arg: unknown, wait = false): Promise<Answer> {
    const answer = this.#requests.add(cmd, path, arg, this.connected && !wait && !this.#session.beginning);
    if (this.state === "closed") this.#requests.lost(true, this.#unusable);
    return answer;
  }

  #transmit(text: string): void {
    if (this.options.debug) console.log("sharedstate ->", text);
    this.#socket.send(text);
  }

  #sendWaiting(): void {
    if (this.connected && !this.#subscriptions.waiting && !this.#session.beginning) this.#requests.sendWaiting();
  }

  #onConnecting(): void {
    this.#subscriptions.connecting();
    this.#tell();
  }

  #onOpened(): void {
    this.#session.opened();
    this.#clock?.restart();
    this.#tell();
    guarded(() => this.on_connect());
  }

  #onBegan(): void {
    this.#subscriptions.opened();
    this.#sendWaiting();
  }

  #onIdentity(): void {
    this.#identities.call(this.identity);
    this.#views.call(this.#view);
  }

  #onReceived(text: string): void {
    if (this.options.debug) console.log("sharedstate <-", text);
    const message = parseMessage(text);
    if (message?.type === "REPLY") {
      this.#requests.answer(message);
      this.#subscriptions.replied(message);
    } else if (message) {
      this.#requests.received("more" in message);
      if (message.cmd === "DROP") this.#subscriptions.drop(message);
      else this.#subscriptions.receive(message);
    }
    guarded(() => this.on_message(text));
  }

  #onClosed(reason: CloseReason): void {
    const forGood = this.state === "closed";
    this.#session.lost();
    this.#requests.lost(forGood);
    this.#subscriptions.lost(forGood);
    this.#clock?.restart();
    this.#tell();
    guarded(() => this.on_disconnect(reason));
  }
}

/** Reports a refusal on the console unless something reads it soon. */
function watched<R extends { ok: boolean; error?: unknown }>(result: R, path: string): R {
  const { ok, error } = result;
  const timer = setTimeout(() => console.warn("sharedstate: unread refusal of", path, error), 1000);
  const read = <V>(value: V) => ({ enumerable: true, get: () => (clearTimeout(timer), value) });
  return Object.defineProperties(result, { ok: read(ok), error: read(error) });
}

alias(SharedStateClient);
