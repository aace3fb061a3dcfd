/*! Shared State client, BSD-2-Clause */
"use strict";
var SHAREDSTATE = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // src/index.ts
  var index_exports = {};
  __export(index_exports, {
    CollectionViewer: () => CollectionViewer,
    ProxyCollection: () => ProxyCollection,
    ProxyObject: () => ProxyObject,
    SharedStateClient: () => SharedStateClient,
    SubscriptionError: () => SubscriptionError
  });

  // src/callbacks.ts
  var Callbacks = class {
    #handles = /* @__PURE__ */ new Set();
    add(handler) {
      const handle = { handler };
      this.#handles.add(handle);
      return handle;
    }
    remove(handle) {
      this.#handles.delete(handle);
    }
    clear() {
      this.#handles.clear();
    }
    call(event) {
      for (const handle of [...this.#handles]) {
        if (this.#handles.has(handle)) guarded(() => handle.handler(event));
      }
    }
  };
  function guarded(run) {
    try {
      run();
    } catch (error) {
      console.error("sharedstate: a callback threw", error);
    }
  }

  // src/clock.ts
  var SAMPLES = 30;
  var localNow = () => (performance.timeOrigin + performance.now()) / 1e3;
  var wallOffset = () => Date.now() / 1e3 - localNow();
  var SLEPT_SECONDS = 0.5;
  var ServerClock = class {
    pinger;
    #source;
    #samples = [];
    #best = { skew: 0, trans: 0 };
    #wallOffset = wallOffset();
    constructor(source) {
      this.#source = source;
      this.pinger = new Pinger(() => source.connected, () => this.#ping());
    }
    /** The server's time in seconds since 1970; this machine's time until the first answer. */
    now() {
      return localNow() + this.skew;
    }
    /** Seconds by which the server's clock is ahead of this machine's. */
    get skew() {
      return this.#best.skew;
    }
    /** Seconds that a message takes one way: half the least round trip among the last 30. The skew is off by no more than that. */
    get trans() {
      return this.#best.trans;
    }
    /** @internal The connection came or went. A new one may lead to another server by another way: what was measured before does not count. */
    restart() {
      this.#samples = [];
      this.pinger.restart();
    }
    async #ping() {
      const sent = localNow();
      const { ok, data } = await this.#source.get("/clock");
      const received = localNow();
      if (!ok || typeof data !== "number") return;
      if (Math.abs(wallOffset() - this.#wallOffset) > SLEPT_SECONDS) {
        this.#wallOffset = wallOffset();
        this.restart();
        return;
      }
      this.#samples.push({ skew: data - (sent + received) / 2, trans: (received - sent) / 2 });
      if (this.#samples.length > SAMPLES) this.#samples.shift();
      this.#best = this.#samples.reduce((best, sample) => sample.trans < best.trans ? sample : best);
    }
  };
  var Pinger = class {
    #connected;
    #ping;
    #count = 0;
    #paused = false;
    #timer;
    /** @internal */
    constructor(connected, ping) {
      this.#connected = connected;
      this.#ping = ping;
      this.#next();
    }
    pause() {
      this.#paused = true;
      clearTimeout(this.#timer);
    }
    resume() {
      if (this.#paused) {
        this.#paused = false;
        this.#next();
      }
    }
    /** Begins again with the frequent pings; a paused one when it is resumed. */
    restart() {
      this.#count = 0;
      this.#next();
    }
    #next() {
      clearTimeout(this.#timer);
      if (this.#paused || !this.#connected()) return;
      const delayMs = this.#count < 3 ? 20 : this.#count < 10 ? 500 : 1e4;
      this.#timer = setTimeout(() => {
        this.#count++;
        this.#ping();
        this.#next();
      }, delayMs);
    }
  };

  // src/protocol.ts
  function parseMessage(text) {
    try {
      const message = JSON.parse(text);
      if (message?.type === "REPLY") return message;
      if (message?.type === "MESSAGE" && message.cmd === "DROP" && message.error) return message;
      if (message?.type === "MESSAGE" && message.cmd === "NOTIFY" && message.data) return message;
    } catch {
    }
    return void 0;
  }
  function refusal(code, message) {
    return { code, message, temporary: code === "disconnected" || code === "timeout" || code === "unavailable" };
  }

  // src/collection.ts
  var SubscriptionError = class extends Error {
    code;
    temporary;
    constructor(path, { code, message, temporary }) {
      super(`${path}: ${message}`);
      this.name = "SubscriptionError";
      this.code = code;
      this.temporary = temporary;
    }
  };
  var ProxyCollection = class {
    path;
    /** The subscription's options, as given to the first `acquire_collection` of the path. */
    options;
    #send;
    #state = "pending";
    /** A Map, so that `__proto__` is an id like any other. */
    #items = /* @__PURE__ */ new Map();
    /** Undefined until the first snapshot, and with a server that names no positions. */
    #position;
    #diffs = new Callbacks();
    #states = new Callbacks();
    #ready;
    #resolveReady;
    #rejectReady;
    /** @internal */
    constructor(path, options, send) {
      this.path = path;
      this.options = options;
      this.#send = send;
      this.#expect();
    }
    get state() {
      return this.#state;
    }
    /**
     * Resolves, with the collection, when the first snapshot is there. Rejects with a SubscriptionError when the collection fails or is released
     * before that; a failed one that is tried again has a new promise. Nobody needs to catch it.
     */
    get ready() {
      return this.#ready;
    }
    get size() {
      return this.#items.size;
    }
    get(id) {
      return id === void 0 ? [...this.#items.values()] : this.#items.get(id);
    }
    has(id) {
      return this.#items.has(id);
    }
    get_item(id) {
      return this.#items.get(id);
    }
    get_items() {
      return [...this.#items.values()];
    }
    has_item(id) {
      return this.#items.has(id);
    }
    /**
     * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
     * An item without `id` gets a random one. Throws once the collection is released.
     */
    update(changes) {
      if (this.#state === "released") throw new Error(`${this.path} was released; acquire it again to update it`);
      if (!changes.insert) return this.#send(changes);
      return this.#send({ ...changes, insert: changes.insert.map((item) => item.id === void 0 ? { ...item, id: randomId() } : item) });
    }
    update_items(changes) {
      return this.update(changes);
    }
    /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
    add_callback(handler) {
      return this.#diffs.add(handler);
    }
    remove_callback(handle) {
      this.#diffs.remove(handle);
    }
    /** Calls the handler with each later state. */
    add_state_callback(handler) {
      return this.#states.add(handler);
    }
    remove_state_callback(handle) {
      this.#states.remove(handle);
    }
    /** @internal What the subscription's options say beside the application's: where to go on from. */
    get resumeOptions() {
      return this.#position ? { ...this.options, since: this.#position.rev, epoch: this.#position.epoch } : this.options;
    }
    /** @internal Takes a change from the server. False if one before it is missing, so that the client must subscribe again. */
    receive({ data, rev, epoch, prev }) {
      if (data.reset) {
        this.#position = rev === void 0 ? void 0 : { rev, epoch };
        this.#change(this.#replaceAll(data.insert ?? []));
        return true;
      }
      if (rev === void 0) {
        if (this.#state === "live") this.#change(this.#apply(data.remove, data.insert));
        return true;
      }
      const position = this.#position;
      if (!position) return true;
      if (epoch !== position.epoch || (prev ?? rev - 1) > position.rev) {
        const known = this.#state !== "live";
        this.#setState("stale");
        return known;
      }
      const news = rev > position.rev;
      if (news) this.#position = { rev, epoch };
      this.#change(news ? this.#apply(data.remove, data.insert) : []);
      return true;
    }
    /** @internal The collection is subscribed anew. */
    retry() {
      if (this.#state !== "failed") return;
      this.#expect();
      this.#setState("pending");
    }
    /** @internal What the server has is not told any more. */
    lost() {
      if (this.#state === "live") this.#setState("stale");
    }
    /** @internal */
    fail(error) {
      this.#rejectReady(new SubscriptionError(this.path, error));
      this.#setState("failed");
    }
    /** @internal */
    release() {
      this.#rejectReady(new SubscriptionError(this.path, refusal("failed", "released before the first snapshot")));
      this.#diffs.clear();
      this.#setState("released");
      this.#states.clear();
    }
    #expect() {
      this.#ready = new Promise((resolve, reject) => {
        this.#resolveReady = resolve;
        this.#rejectReady = reject;
      });
      this.#ready.catch(() => {
      });
    }
    /** The items are what they are to be; tells everybody. */
    #change(diffs) {
      this.#resolveReady(this);
      this.#setState("live");
      if (diffs.length > 0) this.#diffs.call(diffs);
    }
    #setState(state) {
      if (state === this.#state) return;
      this.#state = state;
      this.#states.call(state);
    }
    /** Items that stay the same are no diff. */
    #replaceAll(items) {
      const before = this.#items;
      this.#items = new Map(items.map((item) => [item.id, item]));
      const diffs = [];
      for (const [id, old] of before) {
        if (!this.#items.has(id)) diffs.push({ id, new: void 0, old });
      }
      for (const [id, item] of this.#items) {
        const old = before.get(id);
        if (!old) diffs.push({ id, new: item, old });
        else if (!same(old, item)) diffs.push({ id, new: item, old });
      }
      return diffs;
    }
    /** One diff per id, even if it is removed and inserted in one change. */
    #apply(remove = [], insert = []) {
      const before = /* @__PURE__ */ new Map();
      for (const id of remove) {
        before.set(id, this.#items.get(id));
        this.#items.delete(id);
      }
      for (const item of insert) {
        if (!before.has(item.id)) before.set(item.id, this.#items.get(item.id));
        this.#items.set(item.id, item);
      }
      const diffs = [];
      for (const [id, old] of before) {
        const item = this.#items.get(id);
        if (item || old) diffs.push({ id, new: item, old });
      }
      return diffs;
    }
  };
  function randomId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte % 36).toString(36)).join("");
  }
  function same(a, b) {
    if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
    const keys = Object.keys(a);
    return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
  }

  // src/object.ts
  var ProxyObject = class {
    collection;
    name;
    #callbacks = new Callbacks();
    /** @internal */
    constructor(collection, name) {
      this.collection = collection;
      this.name = name;
      collection.add_callback((diffs) => {
        const diff = diffs.find(({ id }) => id === name);
        if (diff) this.#callbacks.call(diff);
      });
    }
    /** The value; undefined when nothing is set. */
    get() {
      return this.#item?.data;
    }
    /** Stores `{id, data: value}`. Throws once the collection is released. */
    set(value) {
      return this.collection.update({ insert: [{ id: this.name, data: value }] });
    }
    /** Calls the handler with each later change of the item. */
    add_callback(handler) {
      return this.#callbacks.add(handler);
    }
    remove_callback(handle) {
      this.#callbacks.remove(handle);
    }
    /** Stores `{id, state: items}`: the object as a small list of its own. Throws a TypeError for anything but an array. */
    set_items(items) {
      if (!Array.isArray(items)) throw new TypeError("set_items takes an array");
      return this.collection.update({ insert: [{ id: this.name, state: items }] });
    }
    /** The list; empty when nothing is set. */
    get_items() {
      const state = this.#item?.state;
      return Array.isArray(state) ? state : [];
    }
    /** The list's element with that `id`; undefined when there is none. */
    get_item(id) {
      return this.get_items().find((item) => item?.id === id);
    }
    has_item(id) {
      return this.get_item(id) !== void 0;
    }
    get #item() {
      return this.collection.get(this.name);
    }
  };

  // src/requests.ts
  var Requests = class {
    #transmit;
    #timeoutMs;
    #lastTunnel = 0;
    #pending = /* @__PURE__ */ new Map();
    /** The tunnels of those that wait for a connection, in the order in which they were made. */
    #unsent = /* @__PURE__ */ new Set();
    constructor(transmit, timeoutMs) {
      this.#transmit = transmit;
      this.#timeoutMs = timeoutMs;
    }
    /** Sends a request, or keeps it for `sendWaiting`. Throws if `arg` cannot be written as JSON. */
    add(cmd, path, arg, connected) {
      const tunnel = ++this.#lastTunnel;
      const request = { type: "REQUEST", cmd, path, arg, tunnel };
      const text = JSON.stringify(request);
      return new Promise((resolve) => {
        const pending = { text, resolve };
        this.#pending.set(tunnel, pending);
        if (connected) return this.#send(tunnel, pending);
        this.#unsent.add(tunnel);
        this.#limit(tunnel, pending, `not sent: no connection within ${this.#timeoutMs} ms`);
      });
    }
    sendWaiting() {
      for (const tunnel of this.#unsent) this.#send(tunnel, this.#pending.get(tunnel));
      this.#unsent.clear();
    }
    answer(reply) {
      const tunnel = reply.tunnel;
      const pending = this.#pending.get(tunnel);
      if (pending) this.#settle(tunnel, pending, reply);
    }
    /** The connection broke: what was sent gets no answer any more; the rest waits for the next one, if there will be one. */
    lost(forGood) {
      for (const [tunnel, pending] of [...this.#pending]) {
        const sent = !this.#unsent.has(tunnel);
        if (sent) this.#refuse(tunnel, pending, "disconnected", "the connection broke before the answer: an update may have been applied or not");
        else if (forGood) this.#refuse(tunnel, pending, "disconnected", "not sent: the client is closed");
      }
    }
    #send(tunnel, pending) {
      this.#limit(tunnel, pending, `no answer within ${this.#timeoutMs} ms: an update may have been applied or not`);
      this.#transmit(pending.text);
    }
    #limit(tunnel, pending, message) {
      clearTimeout(pending.timer);
      pending.timer = setTimeout(() => this.#refuse(tunnel, pending, "timeout", message), this.#timeoutMs);
    }
    #refuse(tunnel, pending, code, message) {
      this.#settle(tunnel, pending, { ok: false, data: message, error: refusal(code, message) });
    }
    #settle(tunnel, pending, answer) {
      this.#pending.delete(tunnel);
      this.#unsent.delete(tunnel);
      clearTimeout(pending.timer);
      pending.resolve(answer);
    }
  };

  // src/socket.ts
  var BACKOFF_MS = [200, 400, 1e3, 2e3, 5e3, 1e4];
  var BEAT_MS = 5e3;
  var BEATS_TO_ASK = 3;
  var BEATS_TO_DEATH = 5;
  var FINAL_CODE = 4500;
  function backoffMs(failures) {
    const longest = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    return longest * (0.5 + Math.random() / 2);
  }
  var Socket = class {
    #url;
    #options;
    #listener;
    #state = "closed";
    #socket;
    /** While connecting the attempt's time limit, while waiting the wait. */
    #timer;
    #beat;
    #quietBeats = 0;
    #failures = 0;
    /** An attempt has succeeded once the server has said something: a proxy opens connections to servers that are not there. */
    #proven = false;
    constructor(url, options, listener) {
      this.#url = url;
      this.#options = options;
      this.#listener = listener;
    }
    get state() {
      return this.#state;
    }
    /** Connects now unless it is connected or about to be. Throws if the URL is none. */
    connect() {
      if (this.#state === "closed") {
        this.#failures = 0;
        globalThis.addEventListener?.("online", this.#wake);
        globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
      }
      if (this.#state === "closed" || this.#state === "waiting") this.#attempt();
    }
    close() {
      if (this.#state !== "closed") this.#end({ code: 1e3, reason: "closed by the client", wasClean: true }, true);
    }
    send(text) {
      this.#socket?.send(text);
    }
    #attempt() {
      clearTimeout(this.#timer);
      const socket = new this.#options.WebSocket(this.#url);
      socket.onopen = () => this.#opened();
      socket.onmessage = ({ data }) => this.#received(data);
      socket.onclose = (reason) => this.#end(reason, reason.code >= FINAL_CODE);
      socket.onerror = (error) => this.#listener.failed(error);
      this.#socket = socket;
      this.#proven = false;
      this.#timer = setTimeout(() => this.#drop("the attempt took too long"), this.#options.timeoutMs);
      this.#state = "connecting";
      this.#listener.connecting();
    }
    #opened() {
      clearTimeout(this.#timer);
      this.#quietBeats = 0;
      this.#beat = setInterval(() => this.#onBeat(), BEAT_MS);
      this.#state = "connected";
      this.#listener.opened();
    }
    #received(data) {
      this.#quietBeats = 0;
      this.#proven = true;
      if (typeof data === "string") this.#listener.received(data);
    }
    #onBeat() {
      this.#quietBeats++;
      if (this.#quietBeats >= BEATS_TO_DEATH) this.#drop("the server does not answer");
      else if (this.#quietBeats >= BEATS_TO_ASK) this.#listener.quiet();
    }
    #onVisibility = () => {
      if (document.visibilityState === "visible") this.#wake();
    };
    /** The page is online or seen again: what we know about the connection is old. */
    #wake = () => {
      if (this.#state === "waiting") this.#attempt();
      if (this.#state === "connected") {
        this.#quietBeats = BEATS_TO_ASK;
        this.#listener.quiet();
      }
    };
    #drop(reason) {
      this.#end({ code: 1006, reason, wasClean: false }, false);
    }
    /** The connection, or the attempt, is over. Never waits for the socket's own close event: on a dead network that takes minutes. */
    #end(reason, final) {
      clearTimeout(this.#timer);
      clearInterval(this.#beat);
      this.#abandon();
      this.#failures = this.#proven ? 0 : this.#failures + 1;
      if (final || this.#failures >= this.#options.retries) {
        globalThis.removeEventListener?.("online", this.#wake);
        globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
        this.#state = "closed";
      } else {
        this.#timer = setTimeout(() => this.#attempt(), backoffMs(this.#failures));
        this.#state = "waiting";
      }
      this.#listener.closed(reason);
    }
    #abandon() {
      const socket = this.#socket;
      if (!socket) return;
      this.#socket = void 0;
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = () => {
      };
      socket.close();
    }
  };

  // src/subscriptions.ts
  var Subscriptions = class {
    #put;
    #wanted = /* @__PURE__ */ new Map();
    /** What the server has not been told on this connection; only while connected. */
    #changed = /* @__PURE__ */ new Set();
    #connected = false;
    #incremental = false;
    constructor(put) {
      this.#put = put;
    }
    get(path) {
      return this.#wanted.get(path)?.collection;
    }
    add(collection) {
      this.#wanted.set(collection.path, { collection, refusals: 0 });
      this.#change(collection.path);
    }
    release(path) {
      const subscription = this.#wanted.get(path);
      if (!subscription) return;
      clearTimeout(subscription.retry);
      this.#wanted.delete(path);
      this.#change(path);
      subscription.collection.release();
    }
    /** What failed before may hold now. */
    connecting() {
      for (const { collection } of this.#wanted.values()) collection.retry();
    }
    opened() {
      this.#connected = true;
      this.#incremental = false;
      for (const path of this.#wanted.keys()) this.#changed.add(path);
      this.flush();
    }
    lost(forGood) {
      this.#connected = false;
      this.#changed.clear();
      for (const { collection, retry } of [...this.#wanted.values()]) {
        clearTimeout(retry);
        collection.lost();
        if (forGood && collection.state === "pending") collection.fail(refusal("disconnected", "the client is closed"));
      }
    }
    receive(notify) {
      if (notify.rev !== void 0) this.#incremental = true;
      const subscription = this.#wanted.get(notify.path);
      if (!subscription) return;
      subscription.refusals = 0;
      if (!subscription.collection.receive(notify)) this.#change(notify.path);
    }
    /** The server serves a path no more. */
    drop({ path, error }) {
      const subscription = this.#wanted.get(path);
      if (subscription) this.#refused(subscription, error);
    }
    /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
    flush() {
      if (this.#changed.size === 0) return;
      const changed = [...this.#changed];
      this.#changed.clear();
      const asked = this.#incremental ? changed.flatMap((path) => this.#wanted.get(path) ?? []) : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
      const insert = asked.map(({ collection }) => [collection.path, collection.resumeOptions]);
      const remove = changed.filter((path) => !this.#wanted.has(path));
      const arg = this.#incremental ? { reset: false, remove, insert } : { insert };
      void this.#put(arg).then((answer) => this.#onAnswer(asked, answer));
    }
    /** Several changes made in one go are one request. */
    #change(path) {
      if (!this.#connected) return;
      if (this.#changed.size === 0) queueMicrotask(() => this.flush());
      this.#changed.add(path);
    }
    #onAnswer(asked, { ok, error, errors }) {
      if (error?.code === "disconnected") return;
      const refused = new Map(errors);
      for (const subscription of asked) {
        const { collection } = subscription;
        const reason = refused.get(collection.path) ?? (ok || errors ? void 0 : error ?? refusal("failed", "the subscription failed"));
        if (!reason || this.get(collection.path) !== collection) continue;
        this.#refused(subscription, reason);
      }
    }
    #refused(subscription, { code, message, temporary }) {
      if (temporary ?? refusal(code, message).temporary) {
        subscription.collection.lost();
        clearTimeout(subscription.retry);
        subscription.retry = setTimeout(() => this.#change(subscription.collection.path), backoffMs(subscription.refusals++));
      } else {
        subscription.collection.fail({ code, message, temporary: false });
      }
    }
  };

  // src/client.ts
  var SharedStateClient = class {
    /** The WebSocket URL that it connects to. */
    url;
    options;
    #socket;
    #requests;
    #subscriptions;
    #objects = /* @__PURE__ */ new WeakMap();
    #clock;
    #states = new Callbacks();
    /** Connects at once. `url` is ws, wss, http, https, or relative to the page. Throws if it is none of these, or if there is no WebSocket. */
    constructor(url, options = {}) {
      const WebSocket = options.WebSocket ?? globalThis.WebSocket;
      if (!WebSocket) throw new Error("there is no WebSocket here: pass one as options.WebSocket, for example that of the ws package");
      const { retries = Infinity, timeoutMs = 1e4 } = options;
      this.url = webSocketUrl(url);
      this.options = options;
      this.#requests = new Requests((text) => this.#transmit(text), timeoutMs);
      this.#subscriptions = new Subscriptions((arg) => this.#request("PUT", "/subs", arg));
      this.#socket = new Socket(this.url, { WebSocket, retries, timeoutMs }, {
        connecting: () => this.#onConnecting(),
        opened: () => this.#onOpened(),
        received: (text) => this.#onReceived(text),
        closed: (reason) => this.#onClosed(reason),
        failed: (error) => guarded(() => this.on_error(error)),
        quiet: () => void this.get("/clock")
      });
      this.#socket.connect();
    }
    get state() {
      return this.#socket.state;
    }
    get connected() {
      return this.state === "connected";
    }
    get connecting() {
      return this.state === "connecting";
    }
    /** Calls the handler with each later state. */
    add_state_callback(handler) {
      return this.#states.add(handler);
    }
    remove_state_callback(handle) {
      this.#states.remove(handle);
    }
    /** Connects again after it closed, or at once if it waits for its next attempt. */
    connect() {
      this.#socket.connect();
      return this.connectedPromise();
    }
    /** Resolves when it is connected. Rejects if it is or gets closed before that. Nobody needs to catch it. */
    connectedPromise() {
      const promise = new Promise((resolve, reject) => {
        const settle = (state) => {
          if (state === "connected") resolve();
          else if (state === "closed") reject(new Error(`the client is closed, there is no connection to ${this.url}`));
          else return;
          this.#states.remove(handle);
        };
        const handle = this.#states.add(settle);
        settle(this.state);
      });
      promise.catch(() => {
      });
      return promise;
    }
    /** Ends the connection, until `connect`. Collections keep what they hold, and go on from there. */
    close() {
      this.#socket.close();
    }
    /**
     * The collection of a path, kept up to date until it is released; the same object on each call.
     * `options` are the subscription's; those of the first call count.
     */
    acquire_collection(path, options = {}) {
      path = withLeadingSlash(path);
      let collection = this.#subscriptions.get(path);
      if (!collection) {
        collection = new ProxyCollection(path, options, (changes) => this.update(path, changes));
        this.#subscriptions.add(collection);
        if (this.state === "closed") this.#subscriptions.lost(true);
      }
      return collection;
    }
    /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
    acquire_object(path, name, options) {
      const collection = this.acquire_collection(path, options);
      let objects = this.#objects.get(collection);
      if (!objects) this.#objects.set(collection, objects = /* @__PURE__ */ new Map());
      let object = objects.get(name);
      if (!object) objects.set(name, object = new ProxyObject(collection, name));
      return object;
    }
    /** Ends the collection of a path and its objects: from now on no callback is called, and updates throw. */
    release(path) {
      this.#subscriptions.release(withLeadingSlash(path));
    }
    /** Asks the server for what is at a path. */
    async get(path) {
      return this.#send("GET", path, void 0);
    }
    /** Sends a change to a path; see `ProxyCollection.update`. */
    async update(path, changes) {
      return this.#send("PUT", path, changes);
    }
    /** The server's clock, from the first use on. */
    get clock() {
      return this.#clock ??= new ServerClock(this);
    }
    /** The connection is up; subscriptions and waiting requests are on their way. */
    on_connect() {
    }
    /** A connection, or an attempt at one, has ended. */
    on_disconnect(_reason) {
    }
    /** The WebSocket reports an error; `on_disconnect` follows. */
    on_error(_error) {
    }
    /** A message has come and was dealt with. */
    on_message(_data) {
    }
    async #send(cmd, path, arg) {
      this.#subscriptions.flush();
      const { ok, data, error, rev, epoch } = await this.#request(cmd, path, arg);
      const position = { ...rev !== void 0 && { rev }, ...epoch !== void 0 && { epoch } };
      return ok ? { ok, path, data, ...position } : { ok, path, data, error: error ?? refusal("failed", String(data)), ...position };
    }
    #request(cmd, path, arg) {
      const answer = this.#requests.add(cmd, path, arg, this.connected);
      if (this.state === "closed") this.#requests.lost(true);
      return answer;
    }
    #transmit(text) {
      if (this.options.debug) console.log("sharedstate ->", text);
      this.#socket.send(text);
    }
    #onConnecting() {
      this.#subscriptions.connecting();
      this.#states.call(this.state);
    }
    #onOpened() {
      this.#subscriptions.opened();
      this.#requests.sendWaiting();
      this.#clock?.restart();
      this.#states.call(this.state);
      guarded(() => this.on_connect());
    }
    #onReceived(text) {
      if (this.options.debug) console.log("sharedstate <-", text);
      const message = parseMessage(text);
      if (message?.type === "REPLY") this.#requests.answer(message);
      else if (message?.cmd === "DROP") this.#subscriptions.drop(message);
      else if (message) this.#subscriptions.receive(message);
      guarded(() => this.on_message(text));
    }
    #onClosed(reason) {
      const forGood = this.state === "closed";
      this.#requests.lost(forGood);
      this.#subscriptions.lost(forGood);
      this.#clock?.restart();
      this.#states.call(this.state);
      guarded(() => this.on_disconnect(reason));
    }
  };
  function withLeadingSlash(path) {
    return path.startsWith("/") ? path : "/" + path;
  }
  function webSocketUrl(url) {
    if (/^wss?:/i.test(url)) return url;
    const absolute = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
    absolute.protocol = absolute.protocol.replace("http", "ws");
    absolute.hash = "";
    return absolute.href;
  }

  // src/viewer.ts
  var CollectionViewer = class {
    #collection;
    #element;
    #options;
    #children = /* @__PURE__ */ new Map();
    constructor(collection, element, options = {}) {
      this.#collection = collection;
      this.#element = element;
      this.#options = options;
      for (const item of collection.get()) this.#show(item);
      collection.add_callback((diffs) => {
        for (const diff of diffs) {
          if (diff.new) this.#show(diff.new);
          else this.#remove(diff.id);
        }
      });
    }
    #show(item) {
      let child = this.#children.get(item.id);
      if (!child) {
        child = document.createElement("div");
        child.className = "list-item";
        child.id = item.id;
        this.#children.set(item.id, child);
        this.#element.append(child);
      }
      const content = document.createElement("span");
      const { toString } = this.#options;
      if (toString && toString !== Object.prototype.toString) content.innerHTML = toString(item);
      else content.textContent = asText(item);
      child.replaceChildren(content, ...this.#options.delete ? [this.#deleteButton(item.id)] : []);
    }
    #remove(id) {
      this.#children.get(id)?.remove();
      this.#children.delete(id);
    }
    #deleteButton(id) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Delete";
      button.setAttribute("aria-label", `Delete ${id}`);
      button.addEventListener("click", () => void this.#collection.update({ remove: [id] }));
      return button;
    }
  };
  function asText({ id, itv, data, state }) {
    const values = [itv, data ?? state].filter((value) => value !== void 0);
    return [id, ...values.map((value) => typeof value === "string" ? value : JSON.stringify(value))].join(" ");
  }
  return __toCommonJS(index_exports);
})();
//# sourceMappingURL=sharedstate.iife.js.map
