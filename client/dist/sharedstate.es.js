/*! Shared State client, BSD-2-Clause */

// src/aliases.ts
function alias({ prototype }) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!/^(?!on_).+_/.test(name)) continue;
    Reflect.set(prototype, name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), Reflect.get(prototype, name));
  }
}

// src/json.ts
var FIELDS = "remove, insert, patch, inc, reset, if, ttl, ephemeral";
var warned = false;
function checkJson(value, place, above = []) {
  const kind = typeof value;
  if (kind === "bigint") throw new TypeError(`${place} is a BigInt: pass it as a string`);
  if (value instanceof Promise) throw new TypeError(`${place} is a Promise: await it`);
  const lossy = value instanceof Map || value instanceof Set || value instanceof Date || kind === "undefined" || kind === "function" || kind === "symbol" || kind === "number" && !Number.isFinite(value);
  if (lossy && above.length > 0 && !warned) {
    warned = true;
    console.warn(`sharedstate: ${place} is ${String(value)}, converted as JSON.stringify does`);
  }
  if (kind !== "object" || !value) return;
  if (above.includes(value)) throw new TypeError(`${place} contains itself`);
  if ("toJSON" in value) return;
  above.push(value);
  for (const key of Object.keys(value)) checkJson(Reflect.get(value, key), `${place}.${key}`, above);
  above.pop();
}
var unknownFields = (given, known) => Object.keys(given).filter((key) => !known.split(", ").includes(key));
var whyUnknown = ([first], known, kind = "option") => first === void 0 ? void 0 : `unknown ${kind} "${first}": the ${kind}s are ${known}`;
function checkOptions(options, known) {
  must(isObject(options), "an object as options", options);
  const why = whyUnknown(unknownFields(options, known), known);
  if (why) throw new TypeError(why);
}
function knownOptions(options, known) {
  must(isObject(options), "an object as options", options);
  const unknown = unknownFields(options, known);
  const why = whyUnknown(unknown, known);
  if (!why) return options;
  console.warn(`sharedstate: ${why}`);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !unknown.includes(key)));
}
function whyNoUpdate(changes) {
  if (!isObject(changes)) return expected("an update such as {insert: [..]}", changes);
  const unknown = whyUnknown(unknownFields(changes, FIELDS), FIELDS, "field");
  if (unknown) return unknown;
  const insert = Reflect.get(changes, "insert") ?? [];
  if (!Array.isArray(insert)) return expected("a list of items as insert", insert);
  const wrong = insert.findIndex((item) => !isObject(item));
  return wrong < 0 ? void 0 : expected(`an object as insert.${wrong}`, insert[wrong]);
}
var isObject = (value) => typeof value === "object" && !!value && !Array.isArray(value) && !(value instanceof Promise);
var expected = (what, value) => `expected ${what}, not ${typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : Array.isArray(value) ? "an array" : value instanceof Promise ? "a Promise" : typeof value}`;
function must(right, what, value) {
  if (!right) throw new TypeError(expected(what, value));
}

// src/callbacks.ts
var Callbacks = class {
  #handles = /* @__PURE__ */ new Set();
  get size() {
    return this.#handles.size;
  }
  add(handler) {
    must(typeof handler === "function", "a function as callback", handler);
    const handle = { handler };
    this.#handles.add(handle);
    return handle;
  }
  remove(handle) {
    must(typeof handle?.handler === "function", "the handle that adding the callback returned", handle);
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
  /** Adds a handler, and calls it with a first event at once. Returns the function that removes it. */
  follow(handler, first) {
    const handle = this.add(handler);
    guarded(() => handler(first));
    return () => this.remove(handle);
  }
};
function guarded(run) {
  const report = (error) => console.error("sharedstate: a callback threw", error);
  try {
    const result = run();
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
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
  /**
   * @internal The connection came or went. A new one may lead to another server by another way: what was measured before does not
   * count.
   */
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

// src/order.ts
function byCodePoints(a, b) {
  for (let n = 0; ; n++) {
    const x = a.codePointAt(n) ?? -1;
    const y = b.codePointAt(n) ?? -1;
    if (x !== y || x < 0) return x - y;
  }
}
var byId = ({ id: a }, { id: b }) => byCodePoints(a, b);
var lastMs = 0;
function newId() {
  lastMs = Math.max(Date.now(), lastMs + 1);
  const chance = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte % 36).toString(36));
  return lastMs.toString(36).padStart(9, "0") + chance.join("");
}
function withIds(items) {
  return items.map((item) => Reflect.get(item, "id") === void 0 ? { ...item, id: newId() } : item);
}

// src/sorting.ts
var NULL = [0, 0];
function sorted(items, order) {
  const paths = order.map(([path, direction]) => ({ names: path.split("."), direction }));
  const entries = Array.from(items, (item) => ({ item, keys: paths.map(({ names, direction }) => keyAt(item, names, direction)) }));
  entries.sort((a, b) => {
    for (const [n, { direction }] of paths.entries()) {
      const difference = compare(a.keys[n] ?? NULL, b.keys[n] ?? NULL) * direction;
      if (difference) return difference;
    }
    return byId(a.item, b.item);
  });
  return entries.map(({ item }) => item);
}
function keyAt(item, names, direction) {
  let picked;
  for (const value of reached(item, names)) {
    const key = keyOf(value);
    if (!picked || compare(key, picked) * direction < 0) picked = key;
  }
  return picked ?? NULL;
}
function* reached(value, names) {
  const [name, ...rest] = names;
  if (name === void 0) {
    if (Array.isArray(value)) yield* value;
    else yield value;
  } else if (Array.isArray(value)) {
    for (const [index, element2] of value.entries()) {
      if (name === String(index)) yield* reached(element2, rest);
      if (isObject(element2)) yield* reached(element2, names);
    }
  } else if (isObject(value) && Object.hasOwn(value, name)) {
    yield* reached(Reflect.get(value, name), rest);
  } else {
    yield null;
  }
}
function keyOf(value) {
  switch (typeof value) {
    case "number":
      return [1, value];
    case "string":
      return [2, value];
    case "boolean":
      return [5, Number(value)];
    default:
      return value ? [Array.isArray(value) ? 4 : 3, JSON.stringify(value)] : NULL;
  }
}
function compare([rank, value], [otherRank, other]) {
  return rank - otherRank || (typeof value === "string" ? byCodePoints(value, String(other)) : value - Number(other));
}

// src/items.ts
var Items = class {
  /** A Map, so that `__proto__` is an id like any other. */
  #byId = /* @__PURE__ */ new Map();
  #sorted;
  #order = [];
  get size() {
    return this.#byId.size;
  }
  get(id) {
    return this.#byId.get(id);
  }
  has(id) {
    return this.#byId.has(id);
  }
  /** All items in their order: the same array until something changes. */
  get sorted() {
    return this.#sorted ??= Object.freeze(sorted(this.#byId.values(), this.#order));
  }
  /** Replaces all items, and their order. Items that stay the same are no diff. */
  replaceAll(items, order) {
    if (order !== this.#order) this.#sorted = void 0;
    this.#order = order;
    const before = this.#byId;
    this.#byId = new Map([...items].sort(byId).map((item) => [item.id, item]));
    const diffs = [];
    for (const [id, old] of before) {
      if (!this.#byId.has(id)) diffs.push({ id, new: void 0, old });
    }
    for (const [id, item] of this.#byId) {
      const old = before.get(id);
      if (!old) diffs.push({ id, new: item, old });
      else if (same(old, item)) this.#byId.set(id, old);
      else diffs.push({ id, new: item, old });
    }
    return this.#changed(diffs);
  }
  /** Removes and inserts. One diff per id, even if it is removed and inserted in one change. */
  apply(remove = [], insert = []) {
    const before = /* @__PURE__ */ new Map();
    for (const id of remove) {
      before.set(id, this.#byId.get(id));
      this.#byId.delete(id);
    }
    for (const item of insert) {
      if (!before.has(item.id)) before.set(item.id, this.#byId.get(item.id));
      this.#byId.set(item.id, item);
    }
    const diffs = [];
    for (const [id, old] of before) {
      const item = this.#byId.get(id);
      if (item || old) diffs.push({ id, new: item, old });
    }
    return this.#changed(diffs);
  }
  #changed(diffs) {
    if (diffs.length > 0) this.#sorted = void 0;
    return diffs;
  }
};
function same(a, b) {
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b) && keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)));
}

// src/protocol.ts
var SharedStateError = class extends Error {
  code;
  temporary;
  constructor(path, { code, message, temporary }) {
    super(`${path}: ${message}`);
    this.name = "SharedStateError";
    this.code = code;
    this.temporary = temporary;
  }
};
function parseMessage(text2) {
  try {
    const message = JSON.parse(text2);
    if (message?.type === "REPLY") return message;
    if (message?.type === "MESSAGE" && (message.cmd === "DROP" ? message.error : message.cmd === "NOTIFY" && message.data)) return message;
  } catch {
  }
  return void 0;
}
function refusal(code, message) {
  return { code, message, temporary: code === "disconnected" || code === "timeout" || code === "unavailable" };
}

// src/readiness.ts
var Readiness = class {
  #promise;
  #resolve;
  #reject;
  #awaited = false;
  constructor() {
    this.renew();
  }
  get promise() {
    return this.#promise;
  }
  /** Whether the promise has neither resolved nor rejected. */
  get awaited() {
    return this.#awaited;
  }
  /** Makes a new promise, unless the present one is still awaited. */
  renew() {
    if (this.#awaited) return;
    this.#awaited = true;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#promise.catch(() => {
    });
  }
  resolve(value) {
    this.#awaited = false;
    this.#resolve(value);
  }
  reject(error) {
    this.#awaited = false;
    this.#reject(error);
  }
};

// src/transaction.ts
var ATTEMPTS = 25;
var FIRST_PAUSE_MS = 5;
var LONGEST_PAUSE_MS = 500;
async function transact({ path, send, read, end }, id, first, change) {
  let known = first;
  for (let attempt = 1; ; attempt++) {
    if (!known) {
      const answer = await read();
      if (!answer.ok) return end(answer);
      known = { item: answer.data.find((item2) => item2.id === id), at: { rev: answer.rev ?? 0, epoch: answer.epoch } };
    }
    const { item, at: { rev, epoch } } = known;
    const next = change(item);
    if (next === void 0) return { ok: true, path, data: 0, rev, ...epoch !== void 0 && { epoch } };
    const result = await send({ insert: [isObject(next) ? { ...next, id } : next], if: { since: rev, epoch } });
    if (result.ok || result.error.code !== "conflict" || attempt === ATTEMPTS) return end(result);
    const now = result.conflicts?.find((conflict) => conflict.id === id)?.item;
    known = now === void 0 ? void 0 : { item: now ?? void 0, at: { rev: result.rev ?? 0, epoch: result.epoch } };
    await new Promise((done) => setTimeout(done, Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)));
  }
}

// src/view.ts
var FIELDS2 = "filter, order, limit, after, fields";
var OPTIONS = `${FIELDS2}, as, conflate, maxRate`;
function viewOf(options) {
  const fields = FIELDS2.split(", ").filter((field) => (Reflect.get(options, field) ?? void 0) !== void 0);
  return fields.length > 0 ? Object.fromEntries(fields.map((field) => [field, Reflect.get(options, field)])) : void 0;
}
function withSortFields(options) {
  const { fields, order } = options;
  if (!Array.isArray(fields) || !Array.isArray(order)) return options;
  return { ...options, fields: [.../* @__PURE__ */ new Set([...fields, ...order.flatMap((entry) => Array.isArray(entry) ? entry[0] : [])])] };
}
function optionsText(options) {
  checkOptions(options, OPTIONS);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => (value ?? void 0) !== void 0));
  checkJson(given, "options", [options]);
  return JSON.stringify(given, (_, value) => isObject(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, Reflect.get(value, key)])) : value);
}
function changedText(options, view) {
  checkOptions(view, FIELDS2);
  return optionsText({ ...options, ...view });
}

// src/collection.ts
var NO_ORDER = [];
var ProxyCollection = class {
  path;
  #owner;
  #options;
  #state = "pending";
  #error;
  #items = new Items();
  #total;
  /** Undefined until the first snapshot, and with a server that names no positions. */
  #position;
  /** The items are still those of the view before the last `setView`. */
  #changing = false;
  #diffs = new Callbacks();
  #states = new Callbacks();
  #views = new Callbacks();
  #readyUsed = false;
  #ready = new Readiness();
  /** @internal */
  constructor(path, options, owner) {
    this.path = path;
    this.#options = options;
    this.#owner = owner;
  }
  /** The subscription's options. */
  get options() {
    return this.#options;
  }
  get state() {
    return this.#state;
  }
  /** Why the state is `failed`. */
  get error() {
    return this.#state === "failed" ? this.#error : void 0;
  }
  /**
   * Resolves, with the collection, when the first snapshot is there, or after `setView` that of the new view. Rejects with a
   * SharedStateError when the collection fails or is released before that; a failed one that is tried again has a new promise. It need not
   * be caught.
   */
  get ready() {
    this.#readyUsed = true;
    return this.#ready.promise;
  }
  get size() {
    return this.#items.size;
  }
  /** The number of items that match the filter, also those beyond the limit; undefined without a limit. */
  get total() {
    return this.#total;
  }
  /**
   * All items, in the `order` of the options, else in that of their ids by code points: the same array until something changes. Do not
   * change it or its items.
   */
  get items() {
    return this.#items.sorted;
  }
  get(...ids) {
    return ids.length === 0 ? [...this.items] : this.#items.get(text(ids[0]));
  }
  has(id) {
    return this.#items.has(text(id));
  }
  get_item(id) {
    return this.get(id);
  }
  get_items() {
    return this.get();
  }
  has_item(id) {
    return this.has(id);
  }
  /**
   * Asks the server for one atomic change. When the promise resolves with `ok`, the change is stored, and it shows here.
   * An item without `id` gets a new one; the result's `ids` tells it. Throws once the collection is released.
   */
  update(changes = {}, options = {}) {
    this.#refuseReleased();
    checkOptions(options, "throw, unchanged");
    const { unchanged, ...how } = options;
    if (!unchanged) return this.#owner.send(this.path, changes, how);
    const at = this.#position;
    if (at?.epoch !== void 0) {
      return this.#owner.send(this.path, { ...changes, if: { ...changes.if, since: at.rev, epoch: at.epoch } }, how);
    }
    const message = "not sent: `unchanged` needs a snapshot, await `ready`";
    const result = { ok: false, path: this.path, data: message, error: refusal("bad_request", message) };
    return Promise.resolve(result).then((refused2) => this.#owner.end(refused2, options));
  }
  update_items(changes, options) {
    return this.update(changes, options);
  }
  /** Inserts or replaces one item, or several. */
  insert(items, options) {
    return this.update({ insert: Array.isArray(items) ? items : [items] }, options);
  }
  /** Removes the items of one id, or of several. */
  remove(ids, options) {
    return this.update({ remove: typeof ids === "string" ? [ids] : ids }, options);
  }
  /** Merges fields into an item (RFC 7396): `null` removes a field. A missing item is created. */
  patch(id, fields, options) {
    return this.update({ patch: [{ ...fields, id }] }, options);
  }
  /** Adds to a number in an item, exactly, whoever else does so at the same time. What is missing is created. */
  increment(id, path, by = 1, options) {
    return this.update({ inc: [{ id, path, by }] }, options);
  }
  /**
   * Changes an item by a function of what it is now (undefined if it is missing), and tries again with the newer item when somebody else
   * was faster: up to 25 times, then the result is a `conflict`. The function may be called several times; if it returns undefined,
   * nothing is changed.
   */
  transact(id, change, options = {}) {
    this.#refuseReleased();
    checkOptions(options, "throw");
    must(typeof change === "function", "a function of the item", change);
    const { path } = this;
    const at = this.#position, item = this.#items.get(text(id));
    const { fields, ...part } = viewOf(this.#options) ?? {};
    const known = at?.epoch !== void 0 && !fields && (item || Object.keys(part).length === 0);
    return transact({
      path,
      send: (changes) => this.#owner.send(path, changes, { throw: false }),
      read: () => this.#owner.read(path, { filter: { id } }),
      end: (result) => this.#owner.end(result, options)
    }, id, known ? { item, at } : void 0, change);
  }
  /**
   * Changes `filter`, `order`, `limit`, `after` or `fields` of this collection; a field that is not given stays, undefined or null removes
   * it. The collection keeps its items, as `stale`, until those of the new view are there; one callback tells the differences. Returns the
   * new `ready`. Throws if the collection was acquired several times: one with an `as` of its own can be changed alone.
   */
  setView(view) {
    this.#refuseReleased();
    const changed = changedText(this.#options, view);
    if (changed !== optionsText(this.#options)) {
      this.#owner.resubscribe(changed);
      this.#options = JSON.parse(changed);
      this.#changing = true;
      this.#ready.renew();
      if (this.#state !== "pending") this.#setState(this.#state === "failed" ? "pending" : "stale");
    }
    return this.#ready.promise;
  }
  /** Calls the handler with each later change, as a list of diffs that is never empty; the collection has changed by then. */
  add_callback(handler) {
    this.#refuseReleased();
    return this.#diffs.add(handler);
  }
  remove_callback(handle) {
    this.#diffs.remove(handle);
  }
  /** Calls the handler with each later state. */
  add_state_callback(handler) {
    this.#refuseReleased();
    return this.#states.add(handler);
  }
  remove_state_callback(handle) {
    this.#states.remove(handle);
  }
  /** Calls the handler at once, and after each change of the items or the state. Returns the function that ends this. */
  subscribe(handler) {
    this.#refuseReleased();
    return this.#views.follow(handler, this.#view([]));
  }
  /** Gives back one acquisition of this collection. The last one ends it: no callback any more, and updates throw. */
  release() {
    if (this.#state !== "released") this.#owner.release();
  }
  /** @internal The state of the view that it holds; undefined if the server has named none. */
  get position() {
    return this.#changing ? void 0 : this.#position;
  }
  /** @internal Whether its first snapshot, or that of its changed view, is on its way. */
  get awaited() {
    return this.#ready.awaited;
  }
  /** @internal Takes a change from the server. False if one before it is missing, so that the client must subscribe again. */
  receive({ data, rev, epoch, prev, total }) {
    if (data.reset) {
      this.#position = rev === void 0 ? void 0 : { rev, epoch };
      this.#changing = false;
      this.#change(this.#items.replaceAll(data.insert ?? [], this.#options.order ?? NO_ORDER), total);
      return true;
    }
    if (rev === void 0) {
      if (this.#state === "live") this.#change(this.#items.apply(data.remove, data.insert));
      return true;
    }
    const { position } = this;
    if (!position) return true;
    if (epoch !== position.epoch || (prev ?? rev - 1) > position.rev) {
      const known = this.#state !== "live";
      this.#setState("stale");
      return known;
    }
    const news = rev > position.rev;
    if (news) this.#position = { rev, epoch };
    this.#change(news ? this.#items.apply(data.remove, data.insert) : [], rev < position.rev ? this.#total : total);
    return true;
  }
  /** @internal The collection is subscribed anew. */
  retry() {
    if (this.#state !== "failed") return;
    this.#ready.renew();
    this.#setState("pending");
  }
  /** @internal What the server has is not told any more. */
  lost() {
    if (this.#state === "live") this.#setState("stale");
  }
  /** @internal */
  fail(error) {
    const unheard = !this.#readyUsed && this.#states.size + this.#views.size === 0;
    if (unheard && error.code !== "disconnected") console.error(`sharedstate: ${this.path} failed: ${error.message}`);
    this.#error = error;
    this.#ready.reject(new SharedStateError(this.path, error));
    this.#setState("failed");
  }
  /** @internal */
  end() {
    this.#ready.reject(new SharedStateError(this.path, refusal("failed", "released")));
    this.#diffs.clear();
    this.#setState("released");
    this.#states.clear();
    this.#views.clear();
  }
  #refuseReleased() {
    if (this.#state === "released") throw new Error(`${this.path} was released: acquire it again`);
  }
  #view(diffs) {
    return { items: this.items, total: this.#total, diffs, state: this.#state };
  }
  /** The items are up to date; tells all callbacks. */
  #change(diffs, total) {
    const news = diffs.length > 0 || total !== this.#total;
    this.#total = total;
    this.#ready.resolve(this);
    if (!this.#setState("live", diffs) && news) this.#tell(diffs);
    if (diffs.length > 0) this.#diffs.call(diffs);
  }
  /** Whether it is another state. */
  #setState(state, diffs = []) {
    if (state === this.#state) return false;
    this.#state = state;
    this.#states.call(state);
    this.#tell(diffs);
    return true;
  }
  #tell(diffs) {
    if (this.#views.size > 0) this.#views.call(this.#view(diffs));
  }
};
function text(id) {
  must(typeof id === "string", "an id, a string", id);
  return id;
}
alias(ProxyCollection);

// src/object.ts
var ProxyObject = class {
  collection;
  name;
  /** @internal */
  constructor(collection, name) {
    this.collection = collection;
    this.name = name;
  }
  /** The value; undefined when nothing is set. */
  get() {
    return this.#item?.data;
  }
  /** Stores `{id, data: value}`. Throws once the collection is released. */
  set(value, options) {
    return this.collection.update({ insert: [{ id: this.name, data: value }] }, options);
  }
  /** Stores a function of the value, and tries again when somebody else was faster; as `transact` of a collection. */
  transact(change, options) {
    must(typeof change === "function", "a function of the value", change);
    return this.collection.transact(this.name, (item) => {
      const data = change(item?.data);
      return data === void 0 ? void 0 : { data };
    }, options);
  }
  /** Calls the handler with each later change of the item. */
  add_callback(handler) {
    must(typeof handler === "function", "a function as callback", handler);
    return this.collection.add_callback((diffs) => {
      const diff = diffs.find(({ id }) => id === this.name);
      return diff && handler(diff);
    });
  }
  remove_callback(handle) {
    this.collection.remove_callback(handle);
  }
  /** Stores `{id, state: items}`: the object as a small list of its own. Throws a TypeError for anything but an array. */
  set_items(items, options) {
    must(Array.isArray(items), "an array", items);
    return this.collection.update({ insert: [{ id: this.name, state: items }] }, options);
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
  /** Gives back one acquisition of the object's collection. */
  release() {
    this.collection.release();
  }
  get #item() {
    return this.collection.get(this.name);
  }
};
alias(ProxyObject);

// src/presence.ts
var GRACE = 10;
var Others = class {
  #collection;
  #own;
  #all;
  #items = [];
  /** @internal */
  constructor(collection, own) {
    this.#collection = collection;
    this.#own = own;
  }
  /** All of them, by their ids: the same array until the collection changes. Do not change it or its items. */
  get items() {
    const all = this.#collection.items;
    if (all !== this.#all) this.#items = Object.freeze(all.filter(({ id }) => id !== this.#own));
    this.#all = all;
    return this.#items;
  }
  get size() {
    return this.items.length;
  }
  get state() {
    return this.#collection.state;
  }
  get(id) {
    return id === this.#own ? void 0 : this.#collection.get(id);
  }
  /** Calls the handler at once, and after each change of the others or the state. Returns the function that ends this. */
  subscribe(handler) {
    let told;
    return this.#collection.subscribe(({ diffs: all, state }) => {
      const diffs = all.filter(({ id }) => id !== this.#own);
      if (diffs.length === 0 && state === told) return;
      told = state;
      handler({ items: this.items, diffs, state });
    });
  }
};
var Presence = class {
  /** The id of this client's item. */
  id;
  others;
  #owner;
  #collection;
  #ephemeral;
  #fields;
  #running = Promise.resolve();
  #next;
  #hidden = false;
  #left;
  #ends;
  /** @internal */
  constructor(collection, id, fields, owner) {
    this.id = id;
    this.others = new Others(collection, id);
    this.#owner = owner;
    this.#collection = collection;
    this.#ephemeral = { holder: `presence ${id}`, grace: GRACE };
    this.#fields = fields;
    const handle = collection.add_callback((diffs) => {
      if (diffs.some((diff) => diff.id === id && !diff.new) && owner.client.connected) this.#show();
    });
    const listen = (type, handler) => {
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
        if (!this.#hidden) return;
        this.#hidden = false;
        this.#show();
      })
    ];
  }
  /**
   * Changes fields of this client's item; the others stay. While an update is on its way the newest fields wait for its answer, so this
   * may be called with each move of a pointer. The promise is that of the update which has the fields.
   */
  set(fields) {
    must(isObject(fields), "an object with fields", fields);
    if (this.#left) throw new Error("this presence has left");
    this.#fields = { ...this.#fields, ...fields };
    return this.#send();
  }
  /** Removes the item, and gives the collection back. For good. */
  leave() {
    if (this.#left) return this.#left;
    for (const end of this.#ends) end();
    this.#left = this.#remove();
    this.#owner.left();
    this.#collection.release();
    return this.#left;
  }
  #show() {
    if (!this.#left && !this.#hidden) guarded(() => this.#send());
  }
  /** A page that is left, perhaps to come back. */
  #hide() {
    this.#hidden = true;
    guarded(() => this.#remove());
  }
  #remove() {
    return this.#update({ remove: [this.id] });
  }
  #send() {
    return this.#next ??= this.#running.then(() => {
      this.#next = void 0;
      if (this.#left || this.#hidden) return this.#left ?? this.#remove();
      const sent = this.#update({ insert: [{ ...this.#fields, id: this.id }], ephemeral: this.#ephemeral });
      this.#running = sent;
      return sent;
    });
  }
  #update(changes) {
    return this.#owner.client.update(this.#collection.path, changes, { throw: false });
  }
};

// src/paths.ts
function collectionPath(path) {
  const segments = segmentsOf(path);
  must(segments.length === 3 && !segments.some((segment) => /^\.\.?$/.test(segment)), "a path such as /app/service/collection", path);
  return "/" + segments.join("/");
}
var segmentsOf = (path) => typeof path === "string" ? path.split("/").filter(Boolean) : [];
var isCollection = (path) => segmentsOf(path).length === 3;
function webSocketUrl(url) {
  if (/^wss?:/i.test(url)) return url;
  const absolute = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace("http", "ws");
  absolute.hash = "";
  return absolute.href;
}

// src/link.ts
var SLOWEST_BYTES_PER_MS = 16.384;
var Link = class {
  #buffered;
  #sent = 0;
  #arrived = 0;
  /** The bytes in the buffer, and those that had left it, at the last look. */
  #held = 0;
  #left = 0;
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
   * Whether bytes have moved since the last call: whether the buffer held bytes then, and some have left it. Bytes that leave an
   * empty buffer at once prove nothing: the system takes megabytes for a dead link.
   */
  moved() {
    const [held, left] = [this.#held, this.#left];
    this.#held = this.#buffered();
    this.#left = this.#sent - this.#held;
    return held > 0 && this.#left > left;
  }
  /** How many whole periods the bytes up to a position may still be on their way, on the slowest link that counts as working. */
  allowance(periodMs, end = this.#sent) {
    return Math.floor(Math.max(0, end - this.#arrived) / SLOWEST_BYTES_PER_MS / periodMs);
  }
};
function byteLength(text2) {
  return text2.length < 256 ? text2.length : new TextEncoder().encode(text2).length;
}

// src/timers.ts
var LONGEST_MS = 2 ** 31 - 1;
function later(ms, run) {
  return ms > LONGEST_MS ? void 0 : setTimeout(run, ms);
}

// src/requests.ts
var MESSAGE_BYTES = 16 * 1024 * 1024;
var ANSWER_FACTOR = 1.5;
var TICKS = 5;
var BACKLOG_MS = 64e3;
var UNKNOWN = "an update may have been applied or not";
var Requests = class {
  #transport;
  #timeoutMs;
  #messageBytes = MESSAGE_BYTES;
  #lastTunnel = 0;
  #pending = /* @__PURE__ */ new Map();
  #timer;
  #tick = 0;
  /**
   * The tick of the last sign that the link works for the oldest request, and of the last one that was more than a message of another
   * kind.
   */
  #alive = 0;
  #moved = 0;
  constructor(transport, timeoutMs) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
  }
  /** Sends a request now, or keeps it for `sendWaiting`. */
  add(cmd, path, arg, now) {
    const tunnel = ++this.#lastTunnel;
    let text2;
    try {
      const request = { type: "REQUEST", cmd, path, arg, tunnel };
      checkJson(arg, cmd === "GET" ? "the view" : "the update");
      text2 = JSON.stringify(request);
    } catch (error) {
      return Promise.resolve(refused("bad_request", `not sent: ${error?.message}`));
    }
    return new Promise((resolve) => {
      const pending = { text: text2, bytes: byteLength(text2), resolve, tick: 0 };
      if (this.#pending.size === 0) {
        this.#alive = this.#moved = this.#tick;
        this.#wait();
      }
      this.#pending.set(tunnel, pending);
      if (now) this.#send(tunnel, pending);
      else {
        pending.timer = later(this.#timeoutMs, () => this.#refuse(tunnel, "timeout", `not sent: no connection or token within ${this.#timeoutMs} ms`));
      }
    });
  }
  sendWaiting() {
    for (const [tunnel, pending] of [...this.#pending]) {
      if (pending.end === void 0) this.#send(tunnel, pending);
    }
  }
  answer(reply) {
    this.#messageBytes = reply.limits?.message ?? this.#messageBytes;
    const { end } = this.#pending.get(reply.tunnel) ?? {};
    if (end === void 0) return;
    this.received(true);
    this.#transport.link.answered(end);
    this.#settle(reply.tunnel, reply);
  }
  /**
   * A message has come, or bytes have left a full buffer; the answers may wait behind such. `busy`: this will end by itself, as replies,
   * parts and bytes do.
   * Other messages may come for ever.
   */
  received(busy) {
    if (busy) this.#moved = this.#tick;
    if ((this.#tick - this.#moved) * this.#tickMs <= BACKLOG_MS) this.#alive = this.#tick;
  }
  /** The connection broke: sent requests get no answer any more; the others wait for the next connection, if there will be one. */
  lost(forGood, reason = "the client is closed") {
    for (const [tunnel, { end }] of [...this.#pending]) {
      if (end !== void 0) this.#refuse(tunnel, "disconnected", `the connection broke before the answer: ${UNKNOWN}`);
      else if (forGood) this.#refuse(tunnel, "disconnected", `not sent: ${reason}`);
    }
  }
  get #tickMs() {
    return this.#timeoutMs * ANSWER_FACTOR / TICKS;
  }
  #send(tunnel, pending) {
    const { bytes, text: text2, timer } = pending;
    if (bytes > this.#messageBytes) {
      return this.#refuse(
        tunnel,
        "too_large",
        `not sent: the request has ${bytes} bytes, the server takes at most ${this.#messageBytes}: send less at once`
      );
    }
    clearTimeout(timer);
    pending.end = this.#transport.link.sent(bytes);
    pending.tick = this.#tick;
    this.#transport.send(text2);
  }
  /** A timer runs from the first request on, until none is left. */
  #wait() {
    this.#timer = later(this.#tickMs, () => this.#onTick());
  }
  /** Gives up requests for which the link was free and silent for TICKS whole ticks, besides the time that their bytes may take. */
  #onTick() {
    const { link } = this.#transport;
    this.#tick++;
    for (const [tunnel, { tick, end }] of [...this.#pending]) {
      if (end === void 0) continue;
      const since = end < link.arrived ? tick : Math.max(tick, this.#alive);
      if (this.#tick - since > TICKS + link.allowance(this.#tickMs, end)) {
        this.#refuse(tunnel, "timeout", `no answer within ${this.#timeoutMs * ANSWER_FACTOR} ms: ${UNKNOWN}`);
      }
    }
    if (this.#pending.size > 0) this.#wait();
  }
  #refuse(tunnel, code, message) {
    this.#settle(tunnel, refused(code, message));
  }
  #settle(tunnel, answer) {
    const pending = this.#pending.get(tunnel);
    this.#pending.delete(tunnel);
    clearTimeout(pending?.timer);
    if (this.#pending.size === 0) clearTimeout(this.#timer);
    pending?.resolve(answer);
  }
};
function refused(code, message) {
  return { ok: false, data: message, error: refusal(code, message) };
}

// src/socket.ts
var BACKOFF_MS = [200, 400, 1e3, 2e3, 5e3, 1e4];
var BEATS_TO_ASK = 3;
var BEATS_TO_DEATH = 5;
var MOST_PATIENCE = 8;
var WAKE_MS = 500;
var STORM_MS = 100;
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
  /** While connecting the attempt's time limit, while waiting the wait, while connected the limit after a sleep. */
  #timer;
  #beat;
  #quietBeats = 0;
  /** The longer wait before an alarm, after one that was false. */
  #patience = 1;
  #link = new Link(() => 0);
  #failures = 0;
  #beatAt = 0;
  #endedAt = -Infinity;
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
  /**
   * Connects unless it is connected or about to be: now, or in due time right after a failure. The first call throws what the
   * WebSocket throws.
   */
  connect(first = false) {
    const soon = Date.now() - this.#endedAt < STORM_MS;
    if (this.#state === "closed") {
      this.#failures = soon ? this.#failures : 0;
      if (soon) this.#waitForNext();
      else this.#attempt(first);
      this.#listen("addEventListener");
    } else if (this.#state === "waiting" && !soon) this.#attempt();
  }
  close() {
    if (this.#state !== "closed") this.#end({ code: 1e3, reason: "closed by the client", wasClean: true }, true);
    this.#endedAt = -Infinity;
  }
  send(text2) {
    this.#socket?.send(text2);
  }
  #listen(method) {
    for (const event of ["online", "offline", "pageshow"]) globalThis[method]?.(event, this.#wake);
    for (const event of ["visibilitychange", "resume"]) globalThis.document?.[method](event, this.#wake);
  }
  #waitForNext() {
    this.#timer = setTimeout(() => this.#attempt(), backoffMs(this.#failures));
    this.#state = "waiting";
  }
  #attempt(first = false) {
    clearTimeout(this.#timer);
    this.#abandon();
    this.#proven = false;
    let socket;
    try {
      socket = new this.#options.WebSocket(this.#url);
    } catch (error) {
      if (first) throw error;
      return this.#drop(String(error));
    }
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = (reason) => this.#end(reason, reason.code >= FINAL_CODE);
    socket.onerror = (error) => this.#listener.failed(error);
    this.#socket = socket;
    this.#link = new Link(() => socket.bufferedAmount ?? 0);
    this.#timer = later(this.#options.timeoutMs, () => this.#drop("the attempt took too long"));
    this.#beatAt = Date.now();
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
    clearTimeout(this.#timer);
    if (this.#quietBeats === BEATS_TO_ASK) this.#patience = 1;
    this.#quietBeats = 0;
    this.#proven = true;
    if (typeof data === "string") this.#listener.received(data);
  }
  #nextBeat() {
    this.#beatAt = Date.now();
    this.#beat = setTimeout(() => this.#onBeat(), this.#options.heartbeatMs);
  }
  #onBeat() {
    this.#quietBeats++;
    if (this.#link.moved()) {
      this.#quietBeats = 0;
      this.#listener.moved();
    }
    if (this.#quietBeats >= BEATS_TO_DEATH * this.#patience + this.#link.allowance(this.#options.heartbeatMs)) {
      this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE);
      return this.#drop("the server does not answer");
    }
    if (this.#quietBeats >= BEATS_TO_ASK) this.#listener.quiet();
    this.#nextBeat();
  }
  /** The page is visible or thawed again, or the network came or went: what we know about the connection may be old. */
  #wake = ({ type }) => {
    if (type === "visibilitychange" && document.visibilityState === "hidden") return;
    const offline = type === "offline";
    const slept = offline || Date.now() - this.#beatAt > 2 * this.#options.heartbeatMs;
    if (this.#state === "connected") {
      this.#quietBeats = BEATS_TO_ASK;
      this.#listener.quiet();
      clearTimeout(this.#timer);
      if (slept) this.#timer = setTimeout(() => this.#onSilentWake(), WAKE_MS);
    } else if (!offline && (slept || this.#state === "waiting")) this.#attempt();
  };
  #onSilentWake() {
    this.#drop("the server does not answer");
    if (this.#state === "waiting" && globalThis.navigator?.onLine !== false) this.#attempt();
  }
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
      this.#listen("removeEventListener");
      this.#state = "closed";
    } else {
      this.#waitForNext();
    }
    this.#endedAt = Date.now();
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

// src/session.ts
var ANONYMOUS = { user: null, claims: {}, expires: null };
var LIFE_PARTS = 5;
var MOST_LEAD_MS = 6e4;
var LEAST_MS = 1e3;
var WRONG_CLOCK_MS = 1e4;
var Session = class {
  identity = ANONYMOUS;
  #source;
  #host;
  /** The connection is up, and the token is not on its way yet. */
  #beginning = false;
  #connected = false;
  /** Counts the tokens that were asked for: only the last one counts. */
  #attempt = 0;
  #asking = false;
  #askedAt = -Infinity;
  #failures = 0;
  /** The token that the server refused last: it is not sent again. */
  #refused;
  #timer;
  constructor(source, host) {
    this.#source = source;
    this.#host = host;
  }
  /** Other requests have to wait for the token. */
  get beginning() {
    return this.#beginning;
  }
  opened() {
    this.#connected = true;
    this.#refused = void 0;
    if (this.#source === void 0) return this.#host.began();
    this.#beginning = true;
    void this.#ask();
  }
  lost() {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#connected = this.#beginning = this.#asking = false;
  }
  /** Another token from now on; null makes the client anonymous. */
  change(source) {
    this.#source = source ?? null;
    this.#refused = void 0;
    if (this.#connected) void this.#ask();
  }
  /** The server takes the client for anonymous, and wants a valid token. Whether there may be one; then `judged` follows. */
  renew() {
    if (this.identity.user) this.#become(ANONYMOUS);
    if (typeof this.#source !== "function") return false;
    if (!this.#asking) this.#askIn(Math.max(0, this.#askedAt + LEAST_MS - Date.now()));
    return true;
  }
  #become(identity) {
    this.identity = identity;
    this.#host.changed();
  }
  #askIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = later(ms, () => void this.#ask());
  }
  async #ask() {
    clearTimeout(this.#timer);
    const attempt = ++this.#attempt;
    this.#asking = true;
    this.#askedAt = Date.now();
    const source = this.#source;
    let token;
    let failure;
    try {
      token = typeof source === "function" ? await source() : source;
    } catch (error) {
      failure = error;
      guarded(() => Promise.reject(error));
    }
    if (attempt !== this.#attempt) return;
    const known = token !== void 0 && token === this.#refused;
    const answer = failure || known ? void 0 : this.#host.send(token ?? null);
    if (this.#beginning) {
      this.#beginning = false;
      this.#host.began();
    }
    this.#settle(token, failure, answer && await answer, attempt);
  }
  #settle(token, failure, answer, attempt) {
    if (attempt !== this.#attempt) return;
    this.#asking = false;
    const { ok, data, error } = answer ?? {};
    if (ok) {
      this.#failures = 0;
      const { expires } = data;
      const leftMs = (expires ?? Infinity) * 1e3 - Date.now();
      const nextMs = leftMs > 0 ? leftMs - Math.min(leftMs / LIFE_PARTS, MOST_LEAD_MS) : WRONG_CLOCK_MS;
      if (typeof this.#source === "function") this.#askIn(Math.max(LEAST_MS, nextMs));
      this.#become(data);
      if (token) return this.#host.judged();
    }
    if (error?.code === "unauthorized") this.#refused = token;
    if (typeof this.#source === "function" && (failure || error?.code === "unauthorized")) this.#askIn(backoffMs(this.#failures++));
    const reason = failure ? `there is no token: ${failure}` : token ? "the server refused this token before" : "there is no token";
    this.#host.judged(error ?? refusal("unauthorized", reason));
  }
};

// src/parts.ts
var PART_BYTES = 16 * 1024;
var Parts = class {
  #gathered = [];
  /** The whole message, once its last part is here. A part of another message begins anew: the server has started over. */
  add(part) {
    const [first] = this.#gathered;
    if (first && (part.rev !== first.rev || part.epoch !== first.epoch || part.prev !== first.prev)) this.clear();
    this.#gathered.push(part);
    if (part.more) return void 0;
    const parts = this.#gathered;
    this.clear();
    if (parts.length === 1) return part;
    const { reset = false } = part.data;
    const remove = parts.flatMap(({ data }) => data.remove ?? []);
    const insert = parts.flatMap(({ data }) => data.insert ?? []);
    return { ...part, data: { reset, remove, insert } };
  }
  /** Forgets the parts of a message whose rest does not come. */
  clear() {
    this.#gathered = [];
  }
};

// src/subscription.ts
var Subscription = class {
  collection;
  /** Its name on the wire, if it has one. */
  as;
  /** Its options as text: equal ones share a subscription. */
  optionsText;
  /** The key by which the server was asked for it on this connection: that of an earlier view until the server has answered that one. */
  told;
  parts = new Parts();
  /** The acquisitions that were not given back. */
  handles = 0;
  /** Times in a row that the server could not serve it for the moment. */
  refusals = 0;
  retry;
  constructor(collection, optionsText2) {
    this.collection = collection;
    this.optionsText = optionsText2;
  }
  get key() {
    return keyOf2(this.collection.path, this.as);
  }
  /** Whether it has a part of the collection. Only a server that knows names can serve that. */
  get isView() {
    return viewOf(this.collection.options) !== void 0;
  }
  /** Its element of `insert` in PUT /subs. */
  get request() {
    const { path, options, position } = this.collection;
    const own = withSortFields(options);
    const from = position && { since: position.rev, epoch: position.epoch };
    return [path, { ...own, part: PART_BYTES, ...this.as && { as: this.as }, ...from }];
  }
};
var keyOf2 = (path, as) => as ? `${path}
${as}` : path;

// src/subscriptions.ts
var NO_VIEWS = `the server is too old for views: leave out ${FIELDS2}`;
var noViews = () => refusal("failed", NO_VIEWS);
var Subscriptions = class {
  #put;
  #settled;
  #renew;
  #wanted = /* @__PURE__ */ new Map();
  /** The keys of those that the server has not been told on this connection; only while connected. */
  #changed = /* @__PURE__ */ new Set();
  /** Those that the server was asked for, by their keys, until its first message for them. */
  #unanswered = /* @__PURE__ */ new Map();
  #connected = false;
  #server = "unknown";
  /** A list is on its way, or its first NOTIFY is. */
  #asking = false;
  /** Those that wait for a valid token. */
  #unauthorized = /* @__PURE__ */ new Set();
  /** The number of the last generated name, and the names that pages have given. */
  #lastName = 0;
  #given = /* @__PURE__ */ new Set();
  /**
   * `settled` is called when requests that had to wait for subscriptions may go, `renew` when the server wants a valid token; if there may
   * be one, `judged` follows.
   */
  constructor(put, settled, renew) {
    this.#put = put;
    this.#settled = settled;
    this.#renew = renew;
  }
  /** Subscriptions wait until it is known how to tell the server. A request made now must wait behind them. */
  get waiting() {
    return this.#changed.size > 0 && this.#asking && this.#server === "unknown";
  }
  /** The collection of a path and options, with one more handle. A new one if there is none. */
  acquire(path, optionsText2, create) {
    let subscription = this.#of(path).find((other) => other.optionsText === optionsText2);
    if (!subscription) {
      const added = subscription = new Subscription(create({
        resubscribe: (text2) => this.#resubscribe(added, text2),
        release: () => this.#release(added, false)
      }), optionsText2);
      const { as } = added.collection.options;
      if (as || added.isView || this.#isUsed(path)) added.as = this.#name(path, as);
      this.#want(added);
    }
    subscription.handles++;
    return subscription.collection;
  }
  /** Ends all subscriptions of a path, or all there are. */
  release(path) {
    for (const subscription of this.#of(path)) this.#release(subscription, true);
  }
  /** Whether a key belongs to a subscription, or to the view that one had and that is on its way. */
  #isUsed(key) {
    return this.#wanted.has(key) || this.#of().some(({ told }) => told === key);
  }
  /** A name that no subscription of this client had: messages for an earlier view are on their way when a later one is asked for. */
  #name(path, given = "") {
    let name = given;
    while (!name || this.#given.has(name) || this.#wanted.has(keyOf2(path, name))) name = `${given && `${given}.`}${++this.#lastName}`;
    if (given) this.#given.add(name);
    return name;
  }
  /** Asks for another view of the same collection, under another name. */
  #resubscribe(subscription, text2) {
    const { collection, handles } = subscription;
    if (handles > 1) {
      throw new Error(`${collection.path} was acquired ${handles} times with these options, so that setView would change it for others: acquire it with an "as" of its own`);
    }
    const { key, told } = subscription;
    subscription.optionsText = text2;
    if (told === key) {
      this.#clear(subscription);
      subscription.as = this.#name(collection.path, collection.options.as);
      this.#wanted.set(subscription.key, subscription);
    }
    if (!told || !this.#unanswered.has(told)) this.#ask(subscription);
  }
  /** Gives a handle back, or all of them; the last one ends the subscription. */
  #release(subscription, all) {
    if (this.#wanted.get(subscription.key) !== subscription || --subscription.handles > 0 && !all) return;
    this.#forget(subscription);
    subscription.collection.end();
  }
  #want(subscription) {
    this.#wanted.set(subscription.key, subscription);
    this.#ask(subscription);
  }
  #forget(subscription) {
    this.#clear(subscription);
    this.#changed.delete(subscription.key);
    if (subscription.told) this.#change(subscription.told);
  }
  /** Nothing of a subscription under its present key counts any more. */
  #clear(subscription) {
    const { key, parts, retry } = subscription;
    clearTimeout(retry);
    parts.clear();
    this.#unauthorized.delete(subscription);
    this.#wanted.delete(key);
  }
  /** Has the server told of a subscription under its present key, and of the end of the one under another key. */
  #ask(subscription) {
    const { key, told } = subscription;
    if (told && told !== key) this.#change(told);
    this.#change(key);
  }
  /** The server has answered a request for a subscription, if there was one; it may want another view by now. */
  #answered(key) {
    const subscription = this.#unanswered.get(key);
    this.#unanswered.delete(key);
    if (subscription?.told !== key || subscription.key === key) return;
    if (this.#wanted.get(subscription.key) === subscription) this.#ask(subscription);
  }
  #of(path) {
    return [...this.#wanted.values()].filter(({ collection }) => path === void 0 || collection.path === path);
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
    this.#unanswered.clear();
    this.#unauthorized.clear();
    for (const subscription of [...this.#wanted.values()]) {
      const { collection, parts, retry } = subscription;
      subscription.told = void 0;
      clearTimeout(retry);
      parts.clear();
      collection.lost();
      if (forGood && collection.awaited) collection.fail(refusal("disconnected", "the client is closed"));
    }
  }
  /** A reply to whatever request: an older server sends no limits and no revisions. */
  replied({ limits, rev }) {
    if (limits || rev !== void 0) this.#learn("incremental");
  }
  receive(notify) {
    this.#learn(notify.rev === void 0 ? "older" : "incremental");
    const key = keyOf2(notify.path, notify.as);
    const named = this.#wanted.get(key);
    this.#answered(key);
    for (const subscription of this.#server === "older" ? this.#of(notify.path).filter(({ isView }) => !isView) : named ? [named] : []) {
      subscription.refusals = 0;
      const whole = subscription.parts.add(notify);
      if (whole && !subscription.collection.receive(whole)) this.#change(subscription.key);
    }
  }
  /** The server serves a subscription no more. */
  drop(drop) {
    const key = keyOf2(drop.path, drop.as);
    const subscription = this.#wanted.get(key);
    this.#answered(key);
    if (subscription) this.#refused(subscription, drop.error);
  }
  /** The server has judged a token. What it refused before may be allowed now, unless there is a reason why not. */
  judged(reason) {
    for (const subscription of this.#wanted.values()) {
      const { collection, key } = subscription;
      if (this.#unauthorized.has(subscription)) {
        if (reason) collection.fail(reason);
        else this.#change(key);
      } else if (!reason && ["unauthorized", "forbidden"].includes(collection.error?.code)) {
        collection.retry();
        this.#change(key);
      }
    }
    this.#unauthorized.clear();
  }
  /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
  flush() {
    if (this.#server === "older") this.#refuseViews();
    if (this.#changed.size === 0 || this.waiting) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    const incremental = this.#server === "incremental";
    const asked = incremental ? changed.flatMap((key) => this.#wanted.get(key) ?? []) : [...this.#wanted.values()].filter(({ collection }) => collection.state !== "failed");
    const told = asked.map((subscription) => [subscription.key, subscription]);
    for (const [key, subscription] of told) {
      subscription.told = key;
      if (this.#server !== "older") this.#unanswered.set(key, subscription);
    }
    const insert = asked.map(({ request }) => request);
    const remove = changed.filter((key) => !this.#wanted.has(key)).map((key) => key.includes("\n") ? key.split("\n") : key);
    this.#asking = true;
    void this.#put(incremental ? { reset: false, remove, insert } : { insert }).then((answer) => this.#onAnswer(told, answer));
  }
  /** Views fail on an older server. The list without them ends what the server sends for them. */
  #refuseViews() {
    for (const { collection, isView, key } of this.#of()) {
      if (!isView || collection.state === "failed") continue;
      this.#change(key);
      collection.fail(noViews());
    }
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
    if (server === "older") this.#unanswered.clear();
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
    const refused2 = new Map(errors?.map(([path, reason]) => [keyOf2(path, reason.as), reason]));
    for (const [key, subscription] of asked) {
      const reason = refused2.get(key) ?? (ok || errors ? void 0 : error ?? refusal("failed", "refused"));
      if (!reason) continue;
      this.#answered(key);
      if (this.#wanted.get(key) === subscription) this.#refused(subscription, reason);
    }
    if (!ok || asked.length === 0) this.#goOn();
  }
  #refused(subscription, { code, message, temporary }) {
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
};

// src/client.ts
var symbolDispose = Symbol.dispose ?? /* @__PURE__ */ Symbol.for("Symbol.dispose");
var OPTIONS2 = "debug, throw, token, signal, retries, timeoutMs, heartbeatMs, WebSocket";
var NO_WEBSOCKET = "there is no WebSocket: pass that of the ws package as options.WebSocket";
var SharedStateClient = class {
  /** The WebSocket URL that it connects to. */
  url;
  options;
  #socket;
  #requests;
  #subscriptions;
  #session;
  #identities = new Callbacks();
  #objects = /* @__PURE__ */ new WeakMap();
  #clock;
  #states = new Callbacks();
  #views = new Callbacks();
  #presences = /* @__PURE__ */ new Set();
  #pending = 0;
  #disposed = false;
  /**
   * Connects at once. `url` is ws, wss, http, https, or relative to the page, else this throws. Where there is no WebSocket, as where
   * pages are rendered
   * on a server, the client is closed.
   */
  constructor(url, options = {}) {
    knownOptions(options, OPTIONS2);
    const WebSocket = options.WebSocket ?? globalThis.WebSocket;
    const { retries = Infinity, timeoutMs: limitMs = 1e4, heartbeatMs = 5e3, signal } = options;
    must(limitMs >= 0, "milliseconds as timeoutMs", limitMs);
    const timeoutMs = limitMs || Infinity;
    this.url = WebSocket ? webSocketUrl(url) : url;
    this.options = options;
    this.#session = new Session(options.token, {
      send: (token) => this.#requests.add("PUT", "/auth", { token }, this.connected),
      began: () => this.#onBegan(),
      changed: () => this.#onIdentity(),
      judged: (reason) => this.#subscriptions.judged(reason)
    });
    this.#subscriptions = new Subscriptions(
      (arg) => this.#request("PUT", "/subs", arg),
      () => this.#sendWaiting(),
      () => this.#session.renew()
    );
    const socket = this.#socket = new Socket(this.url, { WebSocket, retries, timeoutMs, heartbeatMs }, {
      connecting: () => this.#onConnecting(),
      opened: () => this.#onOpened(),
      received: (text2) => this.#onReceived(text2),
      moved: () => this.#requests.received(true),
      closed: (reason) => this.#onClosed(reason),
      failed: (error) => guarded(() => this.on_error(error)),
      quiet: () => void this.#request("GET", "/clock", void 0)
    });
    this.#requests = new Requests({ get link() {
      return socket.link;
    }, send: (text2) => this.#transmit(text2) }, timeoutMs);
    signal?.addEventListener("abort", () => this.dispose());
    if (signal?.aborted) this.dispose();
    else if (WebSocket) socket.connect(true);
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
  /** The user that the server knows the client as; null while it is anonymous. */
  get user() {
    return this.identity.user;
  }
  /** All that the server knows of the user: what the token says. */
  get identity() {
    return this.#session.identity;
  }
  /** Calls the handler with each later identity. */
  add_identity_callback(handler) {
    return this.#identities.add(handler);
  }
  remove_identity_callback(handle) {
    this.#identities.remove(handle);
  }
  /** Uses another token, or another function, from now on, as after a login; null makes the client anonymous. */
  setToken(token) {
    this.#session.change(token);
  }
  /** The updates that are not answered yet: for a "Saving…". */
  get pending() {
    return this.#pending;
  }
  /** Calls the handler at once, and with each change of `state`, `pending` or `user`. Returns the function that ends this. */
  subscribe(handler) {
    return this.#views.follow(handler, this.#view);
  }
  /**
   * Connects again after it closed, or at once if it waits for its next attempt; right after a failure that attempt is made in due
   * time.
   */
  connect() {
    if (this.#unusable === void 0) this.#socket.connect();
    return this.connectedPromise();
  }
  /** Resolves when it is connected. Rejects if it is or gets closed before that. It need not be caught. */
  connectedPromise() {
    const promise = new Promise((resolve, reject) => {
      const settle = (state) => {
        if (state === "connected") resolve();
        else if (state === "closed") reject(new Error(this.#unusable ?? `the client is closed, no connection to ${this.url}`));
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
  /** Ends the client for good: its connection, its collections, and its requests. */
  dispose() {
    for (const presence of this.#presences) void presence.leave();
    this.#disposed = true;
    this.#subscriptions.release();
    this.close();
    this.#requests.lost(true);
  }
  [symbolDispose]() {
    this.dispose();
  }
  /**
   * The collection of a path, or a view of it, kept up to date until it is released as often as it was acquired; the same object for each
   * call with an equal path and equal options.
   */
  collection(path, options = {}) {
    if (this.#disposed) throw new Error("the client was disposed of");
    const spelling = collectionPath(path);
    const text2 = optionsText(options);
    const collection = this.#subscriptions.acquire(spelling, text2, (membership) => new ProxyCollection(spelling, JSON.parse(text2), {
      ...membership,
      send: (where, changes, requestOptions) => this.update(where, changes, requestOptions),
      read: (where, view) => this.#send("GET", where, view, { throw: false }),
      end: (result, requestOptions) => this.#end(result, requestOptions)
    }));
    if (this.state === "closed") this.#subscriptions.lost(true);
    return collection;
  }
  acquire_collection(path, options = {}) {
    return this.collection(path, knownOptions(options, OPTIONS));
  }
  /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
  object(path, name, options) {
    const collection = this.collection(path, options);
    let objects = this.#objects.get(collection);
    if (!objects) this.#objects.set(collection, objects = /* @__PURE__ */ new Map());
    let object = objects.get(name);
    if (!object) objects.set(name, object = new ProxyObject(collection, name));
    return object;
  }
  /**
   * Shows the others that this client is here: one item in a collection, with the fields, for as long as the client is connected. It is
   * inserted again after a reconnect, and goes with `leave`, with the page, or a few seconds after the connection was lost.
   */
  presence(path, fields = {}) {
    must(isObject(fields), "an object with fields", fields);
    const collection = this.collection(path);
    const presence = new Presence(collection, newId(), fields, {
      client: this,
      left: () => this.#presences.delete(presence)
    });
    this.#presences.add(presence);
    return presence;
  }
  acquire_object(path, name, options = {}) {
    return this.object(path, name, knownOptions(options, OPTIONS));
  }
  /** Ends all collections and objects of a path, however often they were acquired: no callback any more, and updates throw. */
  release(path) {
    this.#subscriptions.release(collectionPath(path));
  }
  /** Asks the server for the data at a path; with the fields of a view, for that view of a collection. */
  async get(path, options = {}) {
    checkOptions(options, `${FIELDS2}, throw`);
    const view = viewOf(options);
    const result = await this.#send("GET", path, view && withSortFields(view), { ...options, throw: false });
    if (view && result.ok && isCollection(path)) {
      if (result.rev === void 0) return this.#end({ ok: false, path, data: result.data, error: noViews() }, options);
      if (view.order) result.data = sorted(result.data, view.order);
    }
    return this.#end(result, options);
  }
  /** Sends a change to a path, whether its collection was acquired or not; see `ProxyCollection.update`. */
  async update(path, changes, options = {}) {
    checkOptions(options, "throw");
    this.#setPending(1);
    try {
      return await this.#send("PUT", path, changes, options);
    } finally {
      this.#setPending(-1);
    }
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
  get #view() {
    return { state: this.state, pending: this.#pending, user: this.user };
  }
  /** Why it can never connect. */
  get #unusable() {
    if (this.#disposed) return "the client was disposed of";
    return this.options.WebSocket ?? globalThis.WebSocket ? void 0 : NO_WEBSOCKET;
  }
  #tell() {
    this.#states.call(this.state);
    this.#views.call(this.#view);
  }
  #setPending(more) {
    this.#pending += more;
    this.#views.call(this.#view);
  }
  async #send(cmd, path, arg, options) {
    this.#subscriptions.flush();
    const isUpdate = cmd === "PUT" && isCollection(path);
    const why = isUpdate ? whyNoUpdate(arg) : void 0;
    const insert = isUpdate && !why && arg.insert ? withIds(arg.insert ?? []) : void 0;
    if (insert) arg = { ...arg, insert };
    const { ok, data, error, rev, epoch, total, conflicts } = why ? refused("bad_request", `not sent: ${why}`) : await this.#request(cmd, path, arg, this.#subscriptions.waiting);
    const position = { ...rev !== void 0 && { rev }, ...epoch !== void 0 && { epoch }, ...total !== void 0 && { total } };
    if (ok) return { ok, path, data, ...position, ...insert && { ids: insert.map(({ id }) => id) } };
    const reason = error ?? refusal("failed", String(data));
    if (reason.code === "unauthorized") this.#session.renew();
    return this.#end({ ok, path, data, error: reason, ...position, ...conflicts && { conflicts } }, options);
  }
  #end(result, options) {
    if (result.ok) return result;
    if (options?.throw ?? this.options.throw) throw new SharedStateError(result.path, result.error);
    return this.options.debug ? watched(result, result.path) : result;
  }
  #request(cmd, path, arg, wait = false) {
    const answer = this.#requests.add(cmd, path, arg, this.connected && !wait && !this.#session.beginning);
    if (this.state === "closed") this.#requests.lost(true, this.#unusable);
    return answer;
  }
  #transmit(text2) {
    if (this.options.debug) console.log("sharedstate ->", text2);
    this.#socket.send(text2);
  }
  #sendWaiting() {
    if (this.connected && !this.#subscriptions.waiting && !this.#session.beginning) this.#requests.sendWaiting();
  }
  #onConnecting() {
    this.#subscriptions.connecting();
    this.#tell();
  }
  #onOpened() {
    this.#session.opened();
    this.#clock?.restart();
    this.#tell();
    guarded(() => this.on_connect());
  }
  #onBegan() {
    this.#subscriptions.opened();
    this.#sendWaiting();
  }
  #onIdentity() {
    this.#identities.call(this.identity);
    this.#views.call(this.#view);
  }
  #onReceived(text2) {
    if (this.options.debug) console.log("sharedstate <-", text2);
    const message = parseMessage(text2);
    if (message?.type === "REPLY") {
      this.#requests.answer(message);
      this.#subscriptions.replied(message);
    } else if (message) {
      this.#requests.received("more" in message);
      if (message.cmd === "DROP") this.#subscriptions.drop(message);
      else this.#subscriptions.receive(message);
    }
    guarded(() => this.on_message(text2));
  }
  #onClosed(reason) {
    const forGood = this.state === "closed";
    this.#session.lost();
    this.#requests.lost(forGood);
    this.#subscriptions.lost(forGood);
    this.#clock?.restart();
    this.#tell();
    guarded(() => this.on_disconnect(reason));
  }
};
function watched(result, path) {
  const { ok, error } = result;
  const timer = setTimeout(() => console.warn("sharedstate: unread refusal of", path, error), 1e3);
  const read = (value) => ({ enumerable: true, get: () => (clearTimeout(timer), value) });
  return Object.defineProperties(result, { ok: read(ok), error: read(error) });
}
alias(SharedStateClient);

// src/viewer.ts
var PRECEDING = 2;
var CollectionViewer = class {
  #collection;
  #element;
  #options;
  #children = /* @__PURE__ */ new Map();
  constructor(collection, element2, options = {}) {
    knownOptions(options, "delete, toString");
    this.#collection = collection;
    this.#element = element2;
    this.#options = options;
    this.#show(collection.items);
    collection.add_callback((diffs) => {
      for (const { id, new: item } of diffs) {
        if (item) continue;
        this.#children.get(id)?.remove();
        this.#children.delete(id);
      }
      this.#show(diffs.flatMap((diff) => diff.new ?? []));
    });
    collection.add_state_callback(() => this.#place([]));
    if (options.delete) element2.addEventListener("click", ({ target }) => this.#delete(target));
  }
  #show(items) {
    const { toString } = this.#options;
    let isNew = false;
    for (const item of items) {
      let child = this.#children.get(item.id);
      if (!child) {
        child = element("div", "");
        child.className = "list-item";
        child.dataset["id"] = item.id;
        if (!document.getElementById(item.id)) child.id = item.id;
        this.#children.set(item.id, child);
        isNew = true;
      }
      if (toString && toString !== Object.prototype.toString) child.innerHTML = toString(item);
      else child.replaceChildren(...content(item, this.#options.delete));
    }
    if (isNew || this.#collection.options.order) this.#place(items);
  }
  /** Puts new children where they belong, and in an order those that changed. The others stay, so that the focus does. */
  #place(changed) {
    const moved = new Set(this.#collection.options.order ? changed.map(({ id }) => id) : []);
    let next = null;
    for (const { id } of [...this.#collection.items].reverse()) {
      const child = this.#children.get(id);
      if (!child) continue;
      const isBehind = next && child.compareDocumentPosition(next) & PRECEDING;
      if (!child.parentNode || isBehind || moved.has(id) && child.nextElementSibling !== next) this.#element.insertBefore(child, next);
      next = child;
    }
  }
  #delete(target) {
    const button = target.closest('[id="delete"]');
    for (const [id, child] of this.#children) {
      if (button && button !== child && child.contains(button)) void this.#collection.remove(id);
    }
  }
};
function content({ id, itv, data, state }, removable = false) {
  const text2 = element("span", "");
  for (const [name, value] of Object.entries({ id, itv, data, state: data === void 0 ? state : void 0 })) {
    if (value === void 0) continue;
    const part = element("span", typeof value === "string" ? value : JSON.stringify(value));
    part.className = name;
    text2.append(...text2.firstChild ? [" ", part] : [part]);
  }
  if (!removable) return [text2];
  const button = element("button", "Delete");
  button.type = "button";
  button.id = "delete";
  button.setAttribute("aria-label", `Delete ${id}`);
  return [text2, button];
}
function element(name, text2) {
  return Object.assign(document.createElement(name), { textContent: text2 });
}
export {
  CollectionViewer,
  Others,
  Presence,
  ProxyCollection,
  ProxyObject,
  SharedStateClient,
  SharedStateError
};
//# sourceMappingURL=sharedstate.es.js.map
