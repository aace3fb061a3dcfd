/*! Shared State for vue, BSD-2-Clause */

// src/bindings/vue.ts
import {
  computed,
  inject,
  onScopeDispose,
  shallowRef,
  toValue,
  watch
} from "vue";

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

// src/bindings/vue.ts
var KEY = /* @__PURE__ */ Symbol("sharedstate");
function sharedState(server = ".", options = {}) {
  return {
    install(app) {
      const client = typeof server === "string" ? connect(server, options) : server;
      app.provide(KEY, client);
      if (typeof server === "string") app.onUnmount?.(() => client?.dispose());
    }
  };
}
var useClient = () => inject(KEY, void 0);
function useCollection(path, options = {}) {
  const client = useClient();
  const view = shallowRef(NOTHING);
  watch(() => [toValue(path), toValue(options)], ([nowPath, nowOptions], _, onCleanup) => {
    view.value = NOTHING;
    if (client) onCleanup(follow(client, nowPath, nowOptions, (collection) => {
      view.value = snapshotOf(collection);
    }));
  }, { immediate: true, flush: "sync" });
  return {
    items: computed(() => view.value.items),
    total: computed(() => view.value.total),
    state: computed(() => view.value.state),
    error: computed(() => view.value.error)
  };
}
function useItem(path, id) {
  const { items } = useCollection(path);
  return computed(() => items.value.find((item) => item.id === toValue(id)));
}
function useObject(path, name) {
  const client = useClient();
  const item = useItem(path, name);
  return {
    value: computed(() => item.value?.["data"]),
    set: (value) => setObject(client, toValue(path), toValue(name), value)
  };
}
function useConnection() {
  const view = shallowRef(UNCONNECTED);
  const stop = useClient()?.subscribe((now) => {
    view.value = now;
  });
  if (stop) onScopeDispose(stop);
  return { state: computed(() => view.value.state), pending: computed(() => view.value.pending), user: computed(() => view.value.user) };
}
export {
  sharedState,
  useClient,
  useCollection,
  useConnection,
  useItem,
  useObject
};
//# sourceMappingURL=vue.js.map
