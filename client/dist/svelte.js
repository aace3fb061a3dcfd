/*! Shared State for svelte, BSD-2-Clause */

// src/bindings/svelte.ts
import { getContext, onDestroy, setContext } from "svelte";
import { readable } from "svelte/store";

// src/bindings/follow.ts
import {
  SharedStateClient
} from "./sharedstate.es.js";
var NOTHING = { items: [], total: 0, state: "pending", error: void 0 };
var UNCONNECTED = { state: "connecting", pending: 0, user: null };
var snapshotOf = ({ items, state, error }) => ({ items, total: items.length, state, error });
var connect = (url, options) => typeof document === "undefined" ? void 0 : new SharedStateClient(url, options);
function follow(client, path, options, changed) {
  const collection = client.collection(path, options);
  const stop = collection.subscribe(() => changed(collection));
  return () => {
    stop();
    setTimeout(() => collection.release());
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
  return readable(NOTHING, (set) => client && follow(client, path, options, (collection) => set(snapshotOf(collection))));
}
function useItem(path, id) {
  const client = useClient();
  return readable(void 0, (set) => client && follow(client, path, {}, (collection) => set(collection.get(id))));
}
function useObject(path, name) {
  const client = useClient();
  const { subscribe } = readable(void 0, (set) => client && follow(client, path, {}, (collection) => set(collection.get(name)?.["data"])));
  return { subscribe, set: (value) => setObject(client, path, name, value) };
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
  useObject
};
//# sourceMappingURL=svelte.js.map
