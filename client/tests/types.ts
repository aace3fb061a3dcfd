// Never run: it is right if it compiles. What must not compile stands below a `@ts-expect-error`.
import {
  CollectionViewer, SharedStateClient, SharedStateError,
  type AnyItem, type CollectionOptions, type Diff, type Result, type Refusal, type View,
} from "sharedstate";

interface Note {
  id: string;
  text: string;
  x?: number;
}

const client = new SharedStateClient("ws://host", { retries: 3, debug: true, timeoutMs: 1000, WebSocket });
const notes = client.acquire_collection<Note>("/app/items/notes", { maxRate: 5 });

client.user satisfies string | null;
client.identity.claims["role"] satisfies unknown;
client.addIdentityCallback(({ user: who, expires }) => [who?.length, expires?.toFixed()]);
client.setToken(null);
client.setToken(async () => "token");
new SharedStateClient("ws://host", { token: () => undefined });
// @ts-expect-error: a token is a string.
new SharedStateClient("ws://host", { token: 1 });
// @ts-expect-error: an identity is read-only.
client.identity.user = "ann";

const note: Note | undefined = notes.get("a");
const all: Note[] = notes.get();
// @ts-expect-error: it may be absent.
notes.get("a").text;
// @ts-expect-error: ids are strings.
notes.get(1);

void notes.update({ insert: [{ text: "without id" }, { id: "a", text: "", x: 1 }], remove: ["b"], reset: false });
// @ts-expect-error: text is missing.
void notes.update({ insert: [{ id: "a" }] });
// @ts-expect-error: not a Note.
void notes.update({ insert: [{ id: "a", text: 1 }] });

void notes.update({ if: { match: { a: { text: "x", x: { $gte: 1 } } } }, patch: [{ id: "a", x: 2 }] });
// @ts-expect-error: a condition for each id.
void notes.update({ if: { match: ["a"] } });

const handle = notes.add_callback(diffs => {
  for (const diff of diffs) {
    if (!diff.old) diff.new.text;
    else if (!diff.new) diff.old.text;
    else diff.new.text + diff.old.text;
    // @ts-expect-error: it may be a delete.
    diff.new.text;
  }
});
notes.remove_callback(handle);
// @ts-expect-error: a handle of another kind of event.
notes.remove_state_callback(handle);

const anything: AnyItem | undefined = client.acquire_collection("/app/items/any").get("x");
const unknownField: unknown = anything?.["whatever"];
void client.acquire_collection("/app/items/any").update({ insert: [{ whatever: 1 }] });
// @ts-expect-error: items have ids.
client.acquire_collection<{ name: string }>("/app/items/wrong");

const recent = client.collection<Note>("/app/items/notes", { filter: { "x": { $gt: 1 } }, order: [["x", -1], ["text", 1]], limit: 10, fields: ["text"] });
const total: number | undefined = recent.total;
const view: View = { filter: null, after: [3, "id"], limit: undefined };
const same: typeof recent = await recent.setView(view);
same.subscribe(({ total: all, items }) => items.length < (all ?? 0));
client.acquire_collection("/app/items/notes", { as: "mine", limit: 1, conflate: true });
const options: CollectionOptions = { filter: {}, maxRate: 1 };
client.acquire_object("/app/items/notes", "a", options);
// @ts-expect-error: not an option.
client.collection("/app/items/notes", { fliter: {} });
// @ts-expect-error: not an option.
client.acquire_collection("/app/items/notes", { maxrate: 5 });
// @ts-expect-error: not an option.
client.object("/app/items/notes", "a", { flter: {} });
// @ts-expect-error: not an option of a client.
new SharedStateClient("ws://host", { tokn: "x" });
// @ts-expect-error: not an option of a read.
void client.get("/app/items/notes", { limt: 5 });
// @ts-expect-error: the client does not know what a page shows.
void client.update("/app/items/notes", {}, { unchanged: true });
// @ts-expect-error: not an option of an update.
void notes.update({}, { unchagned: true });
void notes.insert({ text: "one" }, { unchanged: true, throw: true });
void notes.remove("a", { unchanged: true });
// @ts-expect-error: a transaction has the condition of its own.
void notes.transact("a", () => undefined, { unchanged: true });
// @ts-expect-error: not an option of a viewer.
new CollectionViewer(notes, document.body, { delte: true });
const page = await client.get<Note[]>("/app/items/notes", { filter: { x: 1 }, limit: 5, throw: true });
if (page.ok) page.data.length === page.total;
// @ts-expect-error: a direction is 1 or -1.
client.collection("/app/items/notes", { order: [["x", 2]] });
// @ts-expect-error: a number.
client.collection("/app/items/notes", { limit: "10" });
// @ts-expect-error: not a field of a view.
void recent.setView({ maxRate: 5 });

const result: Result<number> = await notes.update({ remove: ["a"] });
if (result.ok) result.data.toFixed();
else {
  const error: Refusal = result.error;
  // @ts-expect-error: no such code.
  error.code === "lost";
}
// @ts-expect-error: there may be no error.
result.error;

const self: typeof notes = await notes.ready;
if (notes.state === "live" && client.state === "connected") self.size.toFixed();
// @ts-expect-error: no such state.
client.state === "offline";

void notes.update({ insert: [{ text: "soon gone" }], ttl: 60 });
void notes.update({ patch: [{ id: "a", x: 1 }], ephemeral: { holder: "0123456789abcdef", grace: 5 } });
// @ts-expect-error: seconds are a number.
void notes.update({ insert: [{ text: "soon gone" }], ttl: "60" });

const me = client.presence<{ id: string; name: string; x?: number }>("/app/mitems/people", { name: "Ada" });
void me.set({ x: 1 });
// @ts-expect-error: not a field of the item.
void me.set({ z: 1 });
me.others.subscribe(({ items }) => items.map(({ name }) => name.length));
void me.leave();

const object = client.acquire_object("/app/items/objects", "a");
object.add_callback((diff: Diff) => void diff.new?.["data"]);
// @ts-expect-error: a list.
void object.set_items("no list");

new CollectionViewer(notes, document.body, { delete: true, toString: item => item.text });
new CollectionViewer(notes, document.body);

const stop: () => void = client.collection<Note>("/app/items/notes").subscribe(({ items, diffs, state }) => {
  const list: readonly Note[] = items;
  // @ts-expect-error: the array is the collection's own.
  items.sort();
  list.length + diffs.length + state.length;
});
stop();
const { ok, ids } = await notes.insert({ text: "one" }, { throw: true });
ok && ids?.[0]?.trim();
void notes.insert([{ text: "one" }, { text: "two" }]);
// @ts-expect-error: text is missing.
void notes.insert({ x: 1 });
void notes.remove("a");
client.subscribe(({ state, pending }) => state.length + pending)();
client.object("/app/items/objects", "a").release();
notes.removeCallback(notes.addCallback(diffs => void diffs.length));
new SharedStateClient("ws://host", { signal: new AbortController().signal, throw: true }).dispose();
const thrown: unknown = new SharedStateError("/app/items/a", { code: "conflict", message: "", temporary: false });
if (thrown instanceof SharedStateError) thrown.code === "conflict";

class Logging extends SharedStateClient {
  override on_connect(): void {
    super.on_connect();
    this.clock.now().toFixed();
  }
  override on_message(data: string): void {
    super.on_message(data.trim());
  }
}
new Logging("ws://host").clock.pinger.pause();

export { all, note, total, unknownField };
