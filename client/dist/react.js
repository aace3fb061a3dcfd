/*! Shared State for react, BSD-2-Clause */

// src/bindings/react.ts
import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore
} from "react";

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

// src/bindings/react.ts
var Context = createContext(void 0);
function SharedState({ url = ".", client: own, children, ...options }) {
  const [made, setMade] = useState();
  const kept = useRef(void 0);
  const token = useToken(options.token, own ?? made);
  useEffect(() => {
    if (own) return;
    const connection = kept.current?.url === url ? kept.current : { url, client: connect(url, { ...options, token }) };
    clearTimeout(connection.end);
    kept.current = connection;
    setMade(connection.client);
    return () => {
      connection.end = setTimeout(() => {
        if (kept.current === connection) kept.current = void 0;
        connection.client?.dispose();
      });
    };
  }, [url, own]);
  return createElement(Context.Provider, { value: own ?? made }, children);
}
function useToken(token, client) {
  const latest = useRef(token);
  latest.current = token;
  const ask = useCallback(() => typeof latest.current === "function" ? latest.current() : latest.current, []);
  const text = typeof token === "function" ? "" : token;
  const told = useRef(text);
  useEffect(() => {
    if (told.current !== text) client?.setToken(ask);
    told.current = text;
  }, [text, client]);
  return token === void 0 ? void 0 : ask;
}
var useClient = () => useContext(Context);
var suspended = /* @__PURE__ */ new WeakMap();
var SUSPENDED_MS = 1e4;
function useCollection(path, options = {}, more = {}) {
  checkOptions(more, "suspense");
  const client = useClient();
  const key = `${path}
${optionsText(options)}`;
  const store = useMemo(() => {
    const held = client && suspended.get(client)?.get(key);
    let view2 = held ? snapshotOf(held) : NOTHING;
    return {
      subscribe: (changed) => client ? follow(client, path, options, (collection) => {
        view2 = snapshotOf(collection);
        changed();
      }) : () => {
      },
      snapshot: () => view2
    };
  }, [client, key]);
  const own = useSyncExternalStore(store.subscribe, store.snapshot, () => NOTHING);
  const shown = useRef(void 0);
  const before = shown.current;
  const view = before?.client === client && before?.path === path ? successor(before.view, own) : own;
  useEffect(() => {
    shown.current = { client, path, view };
  });
  if (more.suspense && client && view.state === "pending") throw firstSnapshot(client, path, options, key);
  return view;
}
function firstSnapshot(client, path, options, key) {
  const held = suspended.get(client) ?? /* @__PURE__ */ new Map();
  suspended.set(client, held);
  let collection = held.get(key);
  if (!collection) {
    const acquired = collection = client.collection(path, options);
    held.set(key, acquired);
    setTimeout(() => {
      held.delete(key);
      acquired.release();
    }, SUSPENDED_MS);
  }
  return collection.ready.catch(() => {
  });
}
function useItem(path, id) {
  const client = useClient();
  const store = useMemo(() => {
    let item;
    return {
      subscribe: (changed) => client ? follow(client, path, {}, (collection) => {
        item = collection.get(id);
        changed();
      }) : () => {
      },
      snapshot: () => item
    };
  }, [client, path, id]);
  return useSyncExternalStore(store.subscribe, store.snapshot, () => void 0);
}
function useObject(path, name) {
  const client = useClient();
  const item = useItem(path, name);
  const set = useCallback((value) => setObject(client, path, name, value), [client, path, name]);
  return [item?.["data"], set];
}
function usePresence(path, fields = {}) {
  const client = useClient();
  const [others, setOthers] = useState([]);
  const joined = useRef(void 0);
  const text = JSON.stringify(fields);
  useEffect(() => {
    if (!client) return;
    const { set: set2, end } = join(client, path, fields, setOthers);
    joined.current = { set: set2, text };
    return () => {
      joined.current = void 0;
      setOthers([]);
      end();
    };
  }, [client, path]);
  useEffect(() => {
    const now = joined.current;
    if (!now || now.text === text) return;
    now.text = text;
    now.set(fields);
  }, [text]);
  const set = useCallback((more) => joined.current?.set(more), []);
  return { others, set };
}
function useConnection() {
  const client = useClient();
  const store = useMemo(() => {
    let view = UNCONNECTED;
    return {
      subscribe: (changed) => client ? client.subscribe((now) => {
        view = now;
        changed();
      }) : () => {
      },
      snapshot: () => view
    };
  }, [client]);
  return useSyncExternalStore(store.subscribe, store.snapshot, () => UNCONNECTED);
}
export {
  SharedState,
  useClient,
  useCollection,
  useConnection,
  useItem,
  useObject,
  usePresence
};
//# sourceMappingURL=react.js.map
