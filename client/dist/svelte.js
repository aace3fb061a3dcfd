/*! Shared State for svelte, BSD-2-Clause */

// src/bindings/svelte.ts
import { getContext, onDestroy, setContext } from "svelte";
import { readable, writable } from "svelte/store";

// src/json.ts
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
var isObject = (value) => typeof value === "object" && !!value && !Array.isArray(value) && !(value instanceof Promise);
var expected = (what, value) => `expected ${what}, not ${typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : Array.isArray(value) ? "an array" : value instanceof Promise ? "a Promise" : typeof value}`;
function must(right, what, value) {
  if (!right) throw new TypeError(expected(what, value));
}

// src/view.ts
var FIELDS = "filter, order, limit, after, fields";
var OPTIONS = `${FIELDS}, as, conflate, maxRate`;
function optionsText(options) {
  checkOptions(options, OPTIONS);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => (value ?? void 0) !== void 0));
  checkJson(given, "options", [options]);
  return JSON.stringify(given, (_, value) => isObject(value) ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, Reflect.get(value, key)])) : value);
}

// src/bindings/follow.ts
import {
  SharedStateClient
} from "./sharedstate.es.js";
var NOTHING = { items: [], total: 0, state: "pending", error: void 0 };
var UNCONNECTED = { state: "connecting", pending: 0, user: null };
var snapshotOf = ({ items, total, state, error }) => ({ items, total: total ?? items.length, state, error });
function successor(before, now) {
  const shows = before.state === "live" || before.state === "stale" || before.items.length > 0;
  return now.state === "pending" && shows ? { ...before, state: "stale", error: void 0 } : now;
}
var connect = (url, options) => typeof document === "undefined" ? void 0 : new SharedStateClient(url, options);
function follow(client, path, options, changed) {
  const collection = client.collection(path, options);
  const stop = collection.subscribe(() => changed(collection));
  return () => {
    stop();
    setTimeout(() => collection.release());
  };
}
function join(client, path, fields, changed) {
  const presence = client.presence(path, fields);
  const stop = presence.others.subscribe(({ items }) => changed(items));
  let ended = false;
  return {
    set: (now) => {
      if (!ended) void presence.set(now);
    },
    end: () => {
      ended = true;
      stop();
      void presence.leave();
    }
  };
}
async function setObject(client, path, id, data) {
  const error = { code: "disconnected", message: "not sent: there is no client", temporary: true };
  return client ? client.update(path, { insert: [{ id, data }] }) : { ok: false, path, data: error.message, error };
}

// src/bindings/svelte.ts
var KEY = /* @__PURE__ */ Symbol("sharedstate");
function provideSharedState(server = ".", options = {}) {
  const client = typeof server === "string" ? connect(server, options) : server;
  if (typeof server === "string") onDestroy(() => client?.dispose());
  setContext(KEY, client);
  return client;
}
var useClient = () => getContext(KEY);
function useCollection(path, options = {}) {
  const client = useClient();
  return readable(NOTHING, (set) => {
    if (!client) return void 0;
    let view = NOTHING;
    let text;
    let end;
    const show = (now) => {
      const nowText = optionsText(now);
      if (nowText === text) return;
      text = nowText;
      end?.();
      end = follow(client, path, now, (collection) => set(view = successor(view, snapshotOf(collection))));
    };
    const unsubscribe = isStore(options) ? options.subscribe(show) : show(options);
    return () => {
      unsubscribe?.();
      end?.();
    };
  });
}
var isStore = (options) => "subscribe" in options;
function useItem(path, id) {
  const client = useClient();
  return readable(void 0, (set) => client && follow(client, path, {}, (collection) => set(collection.get(id))));
}
function useObject(path, name) {
  const client = useClient();
  const { subscribe } = readable(void 0, (set) => client && follow(client, path, {}, (collection) => set(collection.get(name)?.["data"])));
  return { subscribe, set: (value) => setObject(client, path, name, value) };
}
function usePresence(path, fields = {}) {
  const client = useClient();
  const { subscribe, set: show } = writable([]);
  const joined = client && join(client, path, fields, show);
  onDestroy(() => joined?.end());
  return { subscribe, set: (more) => joined?.set(more) };
}
function useConnection() {
  const client = useClient();
  return readable(UNCONNECTED, (set) => client?.subscribe(set));
}
export {
  provideSharedState,
  useClient,
  useCollection,
  useConnection,
  useItem,
  useObject,
  usePresence
};
//# sourceMappingURL=svelte.js.map
