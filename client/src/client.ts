import { Callbacks, guarded, type CallbackHandle } from "./callbacks.js";
import { ServerClock } from "./clock.js";
import { ProxyCollection } from "./collection.js";
import { ProxyObject } from "./object.js";
import { parseMessage, refusal, type AnyItem, type Changes, type Item, type Result } from "./protocol.js";
import { Requests, type Answer } from "./requests.js";
import { Socket, type ClientState, type CloseReason, type WebSocketLike } from "./socket.js";
import { Subscriptions } from "./subscriptions.js";

export interface SharedStateOptions {
  /** Log all traffic to the console. Default false. */
  debug?: boolean;
  /** Give up after so many failed attempts to connect in a row. Default: never. */
  retries?: number;
  /**
   * How long a request waits for the connection, and how long an attempt to connect may take. Default 10,000. The answer may take one and a half times that from the
   * moment when the request has left and the link is free for the answer: the server promises one within 10 s.
   */
  timeoutMs?: number;
  /**
   * How often the client looks whether anything moves on the connection. Default 5,000. After 2-3 quiet looks it asks the server, after 4-5 it connects anew; later
   * while bytes may still be on their way.
   */
  heartbeatMs?: number;
  /** The WebSocket to use. Default: the global one, which Node has from version 22 on; before, that of the `ws` package does. */
  WebSocket?: new (url: string) => WebSocketLike;
}

/** A connection to a Shared State server that keeps itself up, and what is shared over it. */
export class SharedStateClient {
  /** The WebSocket URL that it connects to. */
  readonly url: string;
  readonly options: SharedStateOptions;

  #socket: Socket;
  #requests: Requests;
  #subscriptions: Subscriptions;
  #objects = new WeakMap<ProxyCollection, Map<string, ProxyObject>>();
  #clock: ServerClock | undefined;
  #states = new Callbacks<ClientState>();

  /** Connects at once. `url` is ws, wss, http, https, or relative to the page. Throws if it is none of these, or if there is no WebSocket. */
  constructor(url: string, options: SharedStateOptions = {}) {
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!WebSocket) throw new Error("there is no WebSocket here: pass one as options.WebSocket, for example that of the ws package");
    const { retries = Infinity, timeoutMs = 10_000, heartbeatMs = 5000 } = options;
    this.url = webSocketUrl(url);
    this.options = options;
    this.#subscriptions = new Subscriptions(arg => this.#request("PUT", "/subs", arg), () => this.#sendWaiting());
    const socket = this.#socket = new Socket(this.url, { WebSocket, retries, timeoutMs, heartbeatMs }, {
      connecting: () => this.#onConnecting(),
      opened: () => this.#onOpened(),
      received: text => this.#onReceived(text),
      closed: reason => this.#onClosed(reason),
      failed: error => guarded(() => this.on_error(error)),
      quiet: () => void this.#request("GET", "/clock", undefined),
    });
    this.#requests = new Requests({ get link() { return socket.link; }, send: text => this.#transmit(text) }, timeoutMs);
    this.#socket.connect();
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

  /** Connects again after it closed, or at once if it waits for its next attempt. */
  connect(): Promise<void> {
    this.#socket.connect();
    return this.connectedPromise();
  }

  /** Resolves when it is connected. Rejects if it is or gets closed before that. Nobody needs to catch it. */
  connectedPromise(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      const settle = (state: ClientState): void => {
        if (state === "connected") resolve();
        else if (state === "closed") reject(new Error(`the client is closed, there is no connection to ${this.url}`));
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

  /**
   * The collection of a path, kept up to date until it is released; the same object on each call.
   * `options` are the subscription's; those of the first call count.
   */
  acquire_collection<T extends Item = AnyItem>(path: string, options: Record<string, unknown> = {}): ProxyCollection<T> {
    path = withLeadingSlash(path);
    let collection = this.#subscriptions.get(path);
    if (!collection) {
      collection = new ProxyCollection<Item>(path, options, changes => this.update(path, changes));
      this.#subscriptions.add(collection);
      if (this.state === "closed") this.#subscriptions.lost(true);
    }
    return collection as unknown as ProxyCollection<T>; // The server does not know types: the caller does.
  }

  /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
  acquire_object(path: string, name: string, options?: Record<string, unknown>): ProxyObject {
    const collection = this.acquire_collection(path, options);
    let objects = this.#objects.get(collection);
    if (!objects) this.#objects.set(collection, objects = new Map());
    let object = objects.get(name);
    if (!object) objects.set(name, object = new ProxyObject(collection, name));
    return object;
  }

  /** Ends the collection of a path and its objects: from now on no callback is called, and updates throw. */
  release(path: string): void {
    this.#subscriptions.release(withLeadingSlash(path));
  }

  /** Asks the server for what is at a path. */
  async get<D = unknown>(path: string): Promise<Result<D>> {
    return this.#send<D>("GET", path, undefined);
  }

  /** Sends a change to a path; see `ProxyCollection.update`. */
  async update<T extends Item = AnyItem>(path: string, changes: Changes<T>): Promise<Result<number>> {
    return this.#send<number>("PUT", path, changes);
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

  async #send<D>(cmd: "GET" | "PUT", path: string, arg: unknown): Promise<Result<D>> {
    // What we are subscribed to first: an update's NOTIFY comes before its reply, and is to find its subscription.
    this.#subscriptions.flush();
    const { ok, data, error, rev, epoch } = await this.#request(cmd, path, arg, this.#subscriptions.waiting);
    const position = { ...(rev !== undefined && { rev }), ...(epoch !== undefined && { epoch }) };
    return ok
      ? { ok, path, data: data as D, ...position }
      : { ok, path, data, error: error ?? refusal("failed", String(data)), ...position };
  }

  #request(cmd: "GET" | "PUT", path: string, arg: unknown, wait = false): Promise<Answer> {
    const answer = this.#requests.add(cmd, path, arg, this.connected && !wait);
    if (this.state === "closed") this.#requests.lost(true);
    return answer;
  }

  #transmit(text: string): void {
    if (this.options.debug) console.log("sharedstate ->", text);
    this.#socket.send(text);
  }

  #sendWaiting(): void {
    if (this.connected && !this.#subscriptions.waiting) this.#requests.sendWaiting();
  }

  #onConnecting(): void {
    this.#subscriptions.connecting();
    this.#states.call(this.state);
  }

  #onOpened(): void {
    this.#subscriptions.opened();
    this.#sendWaiting();
    this.#clock?.restart();
    this.#states.call(this.state);
    guarded(() => this.on_connect());
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
    this.#requests.lost(forGood);
    this.#subscriptions.lost(forGood);
    this.#clock?.restart();
    this.#states.call(this.state);
    guarded(() => this.on_disconnect(reason));
  }
}

function withLeadingSlash(path: string): string {
  return path.startsWith("/") ? path : "/" + path;
}

function webSocketUrl(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const absolute = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace("http", "ws");
  absolute.hash = "";
  return absolute.href;
}
