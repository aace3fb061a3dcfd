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
    /** @internal The state that it holds; undefined if the server has named none. */
    get position() {
      return this.#position;
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

  // src/link.ts
  var SLOWEST_BYTES_PER_MS = 16.384;
  var Link = class {
    #buffered;
    #sent = 0;
    #arrived = 0;
    constructor(buffered) {
      this.#buffered = buffered;
    }
    /** Counts the bytes of a request that is handed to the WebSocket. Returns the position at which the request ends. */
    sent(bytes) {
      return this.#sent += bytes;
    }
    /** The request that ends at a position was answered. */
    answered(end) {
      this.#arrived = Math.max(this.#arrived, end);
    }
    /** The end of the latest request that was answered. */
    get arrived() {
      return this.#arrived;
    }
    /**
     * A function that tells whether bytes have moved since its last call: whether the buffer held bytes then, and some have left it. Bytes that leave an
     * empty buffer at once prove nothing: the system takes megabytes for a dead link.
     */
    watch() {
      let held = 0;
      let left = 0;
      return () => {
        const before = { held, left };
        held = this.#buffered();
        left = this.#sent - held;
        return before.held > 0 && left > before.left;
      };
    }
    /** How long the bytes up to a position may still be on their way, on the slowest link that counts as working. */
    allowanceMs(end = this.#sent) {
      return Math.max(0, end - this.#arrived) / SLOWEST_BYTES_PER_MS;
    }
  };
  function byteLength(text) {
    return text.length < 256 ? text.length : new TextEncoder().encode(text).length;
  }

  // src/requests.ts
  var MESSAGE_BYTES = 16 * 1024 * 1024;
  var ANSWER_FACTOR = 1.5;
  var TICKS = 5;
  var BACKLOG_MS = 64e3;
  var LONGEST_MS = 2 ** 31 - 1;
  var Requests = class {
    #transport;
    #timeoutMs;
    #messageBytes = MESSAGE_BYTES;
    #lastTunnel = 0;
    /** In the order in which they were made; so are the sent ones. */
    #unsent = /* @__PURE__ */ new Map();
    #sent = /* @__PURE__ */ new Map();
    #timer;
    #tick = 0;
    /** The tick of the last sign that the link works for the oldest request, and of the last one that was more than a message of another kind. */
    #alive = 0;
    #moved = 0;
    #bytesMoved = () => false;
    constructor(transport, timeoutMs) {
      this.#transport = transport;
      this.#timeoutMs = timeoutMs;
    }
    /** Sends a request now, or keeps it for `sendWaiting`. Throws if `arg` cannot be written as JSON. */
    add(cmd, path, arg, now) {
      const tunnel = ++this.#lastTunnel;
      const request = { type: "REQUEST", cmd, path, arg, tunnel };
      const text = JSON.stringify(request);
      const bytes = byteLength(text);
      return new Promise((resolve) => {
        if (now) return this.#send(tunnel, text, bytes, resolve);
        const timer = this.#timeoutMs <= LONGEST_MS ? setTimeout(() => this.#refuse(tunnel, "timeout", `not sent: no connection within ${this.#timeoutMs} ms`), this.#timeoutMs) : void 0;
        this.#unsent.set(tunnel, { text, bytes, resolve, timer });
      });
    }
    sendWaiting() {
      const waiting = [...this.#unsent];
      this.#unsent.clear();
      for (const [tunnel, { text, bytes, resolve, timer }] of waiting) {
        clearTimeout(timer);
        this.#send(tunnel, text, bytes, resolve);
      }
    }
    answer(reply) {
      this.#messageBytes = reply.limits?.message ?? this.#messageBytes;
      const tunnel = reply.tunnel;
      const request = this.#sent.get(tunnel);
      if (!request) return;
      this.#alive = this.#moved = this.#tick;
      this.#transport.link.answered(request.end);
      this.#settle(tunnel, reply);
    }
    /** A message other than a reply has come; the answers may wait behind such messages. Parts keep coming only until their message is whole. */
    received(part) {
      if (part) this.#moved = this.#tick;
      if ((this.#tick - this.#moved) * this.#tickMs <= BACKLOG_MS) this.#alive = this.#tick;
    }
    /** The connection broke: sent requests get no answer any more; the others wait for the next connection, if there will be one. */
    lost(forGood) {
      for (const tunnel of [...this.#sent.keys()]) this.#refuse(tunnel, "disconnected", "the connection broke before the answer: an update may have been applied or not");
      if (forGood) for (const tunnel of [...this.#unsent.keys()]) this.#refuse(tunnel, "disconnected", "not sent: the client is closed");
    }
    get #tickMs() {
      return this.#timeoutMs * ANSWER_FACTOR / TICKS;
    }
    #send(tunnel, text, bytes, resolve) {
      if (bytes > this.#messageBytes) {
        const message = `not sent: the request has ${bytes} bytes, the server takes messages of at most ${this.#messageBytes}; send fewer or smaller items at once`;
        return resolve({ ok: false, data: message, error: refusal("too_large", message) });
      }
      const { link } = this.#transport;
      if (this.#sent.size === 0) this.#watch();
      this.#sent.set(tunnel, { resolve, end: link.sent(bytes), tick: this.#tick });
      this.#transport.send(text);
    }
    /** From the first request on, until none is left. */
    #watch() {
      this.#alive = this.#moved = this.#tick;
      this.#bytesMoved = this.#transport.link.watch();
      this.#wait();
    }
    #wait() {
      if (this.#tickMs <= LONGEST_MS) this.#timer = setTimeout(() => this.#onTick(), this.#tickMs);
    }
    /** Gives up requests for which the link was free and silent for TICKS whole ticks, besides the time that their bytes may take. */
    #onTick() {
      const { link } = this.#transport;
      this.#tick++;
      if (this.#bytesMoved()) this.#alive = this.#moved = this.#tick;
      for (const [tunnel, { tick, end }] of [...this.#sent]) {
        const overtaken = end < link.arrived;
        const silentTicks = this.#tick - (overtaken ? tick : Math.max(tick, this.#alive)) - 1;
        if (silentTicks < TICKS + Math.floor(link.allowanceMs(end) / this.#tickMs)) break;
        this.#refuse(tunnel, "timeout", `no answer within ${this.#timeoutMs * ANSWER_FACTOR} ms: an update may have been applied or not`);
      }
      if (this.#sent.size > 0) this.#wait();
    }
    #refuse(tunnel, code, message) {
      this.#settle(tunnel, { ok: false, data: message, error: refusal(code, message) });
    }
    #settle(tunnel, answer) {
      const request = this.#sent.get(tunnel) ?? this.#unsent.get(tunnel);
      if (!request) return;
      if ("timer" in request) clearTimeout(request.timer);
      this.#sent.delete(tunnel);
      this.#unsent.delete(tunnel);
      if (this.#sent.size === 0) clearTimeout(this.#timer);
      request.resolve(answer);
    }
  };

  // src/socket.ts
  var BACKOFF_MS = [200, 400, 1e3, 2e3, 5e3, 1e4];
  var BEATS_TO_ASK = 3;
  var BEATS_TO_DEATH = 5;
  var MOST_PATIENCE = 8;
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
    /** The longer wait before an alarm, after one that was false. */
    #patience = 1;
    #link = new Link(() => 0);
    #bytesMoved = this.#link.watch();
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
    get link() {
      return this.#link;
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
      this.#link = new Link(() => socket.bufferedAmount ?? 0);
      this.#bytesMoved = this.#link.watch();
      this.#proven = false;
      this.#timer = setTimeout(() => this.#drop("the attempt took too long"), this.#options.timeoutMs);
      this.#state = "connecting";
      this.#listener.connecting();
    }
    #opened() {
      clearTimeout(this.#timer);
      this.#quietBeats = 0;
      this.#nextBeat();
      this.#state = "connected";
      this.#listener.opened();
    }
    #received(data) {
      if (this.#quietBeats === BEATS_TO_ASK) this.#patience = 1;
      this.#quietBeats = 0;
      this.#proven = true;
      if (typeof data === "string") this.#listener.received(data);
    }
    #nextBeat() {
      this.#beat = setTimeout(() => this.#onBeat(), this.#options.heartbeatMs);
    }
    #onBeat() {
      this.#quietBeats = this.#bytesMoved() ? 0 : this.#quietBeats + 1;
      const deadline = BEATS_TO_DEATH * this.#patience + Math.floor(this.#link.allowanceMs() / this.#options.heartbeatMs);
      if (this.#quietBeats >= deadline) {
        this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE);
        return this.#drop("the server does not answer");
      }
      if (this.#quietBeats >= BEATS_TO_ASK) this.#listener.quiet();
      this.#nextBeat();
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
      clearTimeout(this.#beat);
      this.#abandon();
      if (!this.#proven) this.#patience = 1;
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

  // src/parts.ts
  var PART_BYTES = 16 * 1024;
  var Parts = class {
    #gathered = [];
    /** The whole message, once its last part is here. A part of another message begins anew: the server has started over. */
    add(part) {
      const [first] = this.#gathered;
      if (first && (part.rev !== first.rev || part.epoch !== first.epoch || part.prev !== first.prev || !part.data.reset !== !first.data.reset)) this.clear();
      this.#gathered.push(part);
      if (part.more) return void 0;
      const parts = this.#gathered;
      this.clear();
      if (parts.length === 1) return part;
      const { reset = false } = part.data;
      return { ...part, data: { reset, remove: parts.flatMap(({ data }) => data.remove ?? []), insert: parts.flatMap(({ data }) => data.insert ?? []) } };
    }
    /** Forgets the parts of a message whose rest does not come. */
    clear() {
      this.#gathered = [];
    }
  };

  // src/subscriptions.ts
  var Subscription = class {
    collection;
    parts = new Parts();
    /** Times in a row that the server could not serve it for the moment. */
    refusals = 0;
    retry;
    constructor(collection) {
      this.collection = collection;
    }
    get key() {
      return this.collection.path;
    }
    /** Its element of `insert` in PUT /subs. The client's own options win over those of the page. */
    get request() {
      const { path, options, position } = this.collection;
      const { since, epoch, as, ...own } = options;
      return [path, { ...own, part: PART_BYTES, ...position && { since: position.rev, epoch: position.epoch } }];
    }
  };
  var keyOf = ({ path }) => path;
  var Subscriptions = class {
    #put;
    #settled;
    #wanted = /* @__PURE__ */ new Map();
    /** The keys of those that the server has not been told on this connection; only while connected. */
    #changed = /* @__PURE__ */ new Set();
    #connected = false;
    #server = "unknown";
    /** A list is on its way, or its first NOTIFY is. */
    #asking = false;
    /** `settled` is called when requests that had to wait for subscriptions may go. */
    constructor(put, settled) {
      this.#put = put;
      this.#settled = settled;
    }
    get(path) {
      return this.#wanted.get(path)?.collection;
    }
    /** Subscriptions wait until it is known how to tell the server. A request made now must wait behind them. */
    get waiting() {
      return this.#changed.size > 0 && this.#asking && this.#server === "unknown";
    }
    add(collection) {
      const subscription = new Subscription(collection);
      this.#wanted.set(subscription.key, subscription);
      this.#change(subscription.key);
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
      this.#server = "unknown";
      this.#asking = false;
      for (const key of this.#wanted.keys()) this.#changed.add(key);
      this.flush();
    }
    lost(forGood) {
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
    replied({ limits, rev }) {
      if (limits || rev !== void 0) this.#learn("incremental");
    }
    receive(notify) {
      this.#learn(notify.rev === void 0 ? "older" : "incremental");
      const subscription = this.#wanted.get(keyOf(notify));
      if (!subscription) return;
      subscription.refusals = 0;
      const whole = subscription.parts.add(notify);
      if (whole && !subscription.collection.receive(whole)) this.#change(subscription.key);
    }
    /** The server serves a subscription no more. */
    drop(drop) {
      const subscription = this.#wanted.get(keyOf(drop));
      if (subscription) this.#refused(subscription, drop.error);
    }
    /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
    flush() {
      if (this.#changed.size === 0 || this.waiting) return;
      const changed = [...this.#changed];
      this.#changed.clear();
      const incremental = this.#server === "incremental";
      const asked = incremental ? changed.flatMap((key) => this.#wanted.get(key) ?? []) : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
      const insert = asked.map(({ request }) => request);
      const remove = changed.filter((key) => !this.#wanted.has(key));
      this.#asking = true;
      void this.#put(incremental ? { reset: false, remove, insert } : { insert }).then((answer) => this.#onAnswer(asked, answer));
    }
    /** Several changes made in one go are one request. */
    #change(key) {
      if (!this.#connected) return;
      if (this.#changed.size === 0) queueMicrotask(() => this.flush());
      this.#changed.add(key);
    }
    #learn(server) {
      if (this.#server === "incremental" || this.#server === server) return;
      this.#server = server;
      this.#goOn();
    }
    #goOn() {
      this.#asking = false;
      this.flush();
      this.#settled();
    }
    #onAnswer(asked, { ok, error, errors }) {
      if (error?.code === "disconnected") return;
      if (errors) this.#learn("incremental");
      const refused = new Map(errors);
      for (const subscription of asked) {
        const { collection } = subscription;
        const reason = refused.get(collection.path) ?? (ok || errors ? void 0 : error ?? refusal("failed", "the subscription failed"));
        if (!reason || this.#wanted.get(subscription.key) !== subscription) continue;
        this.#refused(subscription, reason);
      }
      if (!ok || asked.length === 0) this.#goOn();
    }
    #refused(subscription, { code, message, temporary }) {
      subscription.parts.clear();
      if (temporary ?? refusal(code, message).temporary) {
        subscription.collection.lost();
        clearTimeout(subscription.retry);
        subscription.retry = setTimeout(() => this.#change(subscription.key), backoffMs(subscription.refusals++));
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
      const { retries = Infinity, timeoutMs = 1e4, heartbeatMs = 5e3 } = options;
      this.url = webSocketUrl(url);
      this.options = options;
      this.#subscriptions = new Subscriptions((arg) => this.#request("PUT", "/subs", arg), () => this.#sendWaiting());
      const socket = this.#socket = new Socket(this.url, { WebSocket, retries, timeoutMs, heartbeatMs }, {
        connecting: () => this.#onConnecting(),
        opened: () => this.#onOpened(),
        received: (text) => this.#onReceived(text),
        closed: (reason) => this.#onClosed(reason),
        failed: (error) => guarded(() => this.on_error(error)),
        quiet: () => void this.#request("GET", "/clock", void 0)
      });
      this.#requests = new Requests({ get link() {
        return socket.link;
      }, send: (text) => this.#transmit(text) }, timeoutMs);
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
      const { ok, data, error, rev, epoch } = await this.#request(cmd, path, arg, this.#subscriptions.waiting);
      const position = { ...rev !== void 0 && { rev }, ...epoch !== void 0 && { epoch } };
      return ok ? { ok, path, data, ...position } : { ok, path, data, error: error ?? refusal("failed", String(data)), ...position };
    }
    #request(cmd, path, arg, wait = false) {
      const answer = this.#requests.add(cmd, path, arg, this.connected && !wait);
      if (this.state === "closed") this.#requests.lost(true);
      return answer;
    }
    #transmit(text) {
      if (this.options.debug) console.log("sharedstate ->", text);
      this.#socket.send(text);
    }
    #sendWaiting() {
      if (this.connected && !this.#subscriptions.waiting) this.#requests.sendWaiting();
    }
    #onConnecting() {
      this.#subscriptions.connecting();
      this.#states.call(this.state);
    }
    #onOpened() {
      this.#subscriptions.opened();
      this.#sendWaiting();
      this.#clock?.restart();
      this.#states.call(this.state);
      guarded(() => this.on_connect());
    }
    #onReceived(text) {
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
