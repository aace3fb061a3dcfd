/** Composables for Vue 3. */
import {
  computed, inject, onScopeDispose, shallowRef, toValue, watch,
  type App, type ComputedRef, type InjectionKey, type MaybeRefOrGetter, type Ref,
} from "vue";
import type { AnyItem, CollectionOptions, Item, Result, SharedStateClient, SharedStateOptions } from "../index.js";
import { optionsText } from "../view.js";
import {
  connect, follow, join, NOTHING, setObject, snapshotOf, successor, UNCONNECTED, type CollectionSnapshot, type ConnectionSnapshot,
  type PresenceSnapshot,
} from "./follow.js";

export type { CollectionSnapshot, ConnectionSnapshot, PresenceSnapshot } from "./follow.js";

const KEY: InjectionKey<SharedStateClient | undefined> = Symbol("sharedstate");

/**
 * The plugin: `app.use(sharedState(url, options))`, or with a client of your own. It connects where there is a page, and not where
 * pages are rendered on a server.
 */
export function sharedState(server: string | SharedStateClient = ".", options: SharedStateOptions = {}): { install(app: App): void } {
  return {
    install(app) {
      const client = typeof server === "string" ? connect(server, options) : server;
      app.provide(KEY, client);
      if (typeof server === "string") app.onUnmount?.(() => client?.dispose());
    },
  };
}

/** The client; undefined where pages are rendered on a server. */
export const useClient = (): SharedStateClient | undefined => inject(KEY, undefined);

/**
 * A collection or a view of it, live, for as long as the component lives. `path` and `options` may change. With other options, the
 * component keeps the items, as `stale`, until those of the new view are there.
 */
export function useCollection<T extends Item = AnyItem>(
  path: MaybeRefOrGetter<string>, options: MaybeRefOrGetter<CollectionOptions> = {},
): { [K in keyof CollectionSnapshot<T>]: ComputedRef<CollectionSnapshot<T>[K]> } {
  const client = useClient();
  const view: Ref<CollectionSnapshot<T>> = shallowRef(NOTHING);
  // As text: equal options are no change, and a change deep inside of reactive ones is seen.
  const sources = [() => toValue(path), () => optionsText(toValue(options))] as const;
  watch(sources, ([nowPath, text], [pathBefore], onCleanup) => {
    view.value = nowPath === pathBefore ? successor(view.value, NOTHING) : NOTHING;
    if (client) onCleanup(follow<T>(client, nowPath, JSON.parse(text) as CollectionOptions, collection => {
      view.value = successor(view.value, snapshotOf(collection));
    }));
  }, { immediate: true, flush: "sync" });
  return {
    items: computed(() => view.value.items),
    total: computed(() => view.value.total),
    state: computed(() => view.value.state),
    error: computed(() => view.value.error),
  };
}

/** One item of a collection, live; undefined when it is absent. */
export function useItem<T extends Item = AnyItem>(
  path: MaybeRefOrGetter<string>, id: MaybeRefOrGetter<string>,
): ComputedRef<T | undefined> {
  const { items } = useCollection<T>(path);
  return computed(() => items.value.find(item => item.id === toValue(id)));
}

/** The value of an object, live, and the function that sets it for everyone. */
export function useObject<V = unknown>(
  path: MaybeRefOrGetter<string>, name: MaybeRefOrGetter<string>,
): { value: ComputedRef<V | undefined>; set: (value: V) => Promise<Result<number>> } {
  const client = useClient();
  const item = useItem(path, name);
  return {
    value: computed(() => item.value?.["data"] as V | undefined),
    set: value => setObject(client, toValue(path), toValue(name), value),
  };
}

/** Shows the others that this client is here, with the fields, for as long as the component lives. `path` and `fields` may change. */
export function usePresence<T extends Item = AnyItem>(
  path: MaybeRefOrGetter<string>, fields: MaybeRefOrGetter<Partial<Omit<T, "id">>> = {},
): { others: ComputedRef<readonly T[]>; set: PresenceSnapshot<T>["set"] } {
  const client = useClient();
  const others: Ref<readonly T[]> = shallowRef([]);
  let joined: ReturnType<typeof join<T>> | undefined;
  watch(() => toValue(path), (now, _, onCleanup) => {
    joined = client && join<T>(client, now, toValue(fields), items => { others.value = items; });
    if (joined) onCleanup(joined.end);
  }, { immediate: true, flush: "sync" });
  watch(() => toValue(fields), now => joined?.set(now), { deep: true });
  return { others: computed(() => others.value), set: more => joined?.set(more) };
}

/** The state of the connection, and the number of updates without an answer. */
export function useConnection(): { [K in keyof ConnectionSnapshot]: ComputedRef<ConnectionSnapshot[K]> } {
  const view = shallowRef(UNCONNECTED);
  const stop = useClient()?.subscribe(now => { view.value = now; });
  if (stop) onScopeDispose(stop);
  return { state: computed(() => view.value.state), pending: computed(() => view.value.pending), user: computed(() => view.value.user) };
}
