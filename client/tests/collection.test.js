import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { FakeNetwork, setUp, settle } from "./fakes.js";

const PATH = "/app/items/chnl";

async function acquired(t, options) {
  const all = setUp(t, options);
  all.server.update(PATH, { insert: [{ id: "a", n: 1 }, { id: "b", n: 2 }] });
  const collection = all.client.acquire_collection(PATH);
  await settle();
  const changes = [];
  collection.add_callback(diffs => changes.push(diffs));
  return { ...all, collection, changes };
}

test("a collection holds the items of the snapshot, under both names of each method", async t => {
  const { collection } = await acquired(t);
  assert.deepEqual(collection.get("a"), { id: "a", n: 1 });
  assert.deepEqual(collection.get_item("a"), { id: "a", n: 1 });
  assert.equal(collection.get("x"), undefined);
  assert.deepEqual(collection.get(), [{ id: "a", n: 1 }, { id: "b", n: 2 }]);
  assert.deepEqual(collection.get_items(), collection.get());
  assert.equal(collection.has("a") && collection.has_item("b"), true);
  assert.equal(collection.has("x") || collection.has_item("x"), false);
  assert.equal(collection.size, 2);
  assert.equal((await collection.update_items({ remove: ["a"] })).ok, true);
  assert.equal(collection.size, 1);
});

test("insert, replace and delete are diffs with new, with both, with old", async t => {
  const { server, changes } = await acquired(t);
  server.update(PATH, { remove: ["a"], insert: [{ id: "b", n: 3 }, { id: "c", n: 4 }] });
  await settle();
  assert.deepEqual(changes, [[
    { id: "a", new: undefined, old: { id: "a", n: 1 } },
    { id: "b", new: { id: "b", n: 3 }, old: { id: "b", n: 2 } },
    { id: "c", new: { id: "c", n: 4 }, old: undefined },
  ]]);
});

test("an id that is removed and inserted in one change is one diff, one that was never there is none", async t => {
  const { server, changes } = await acquired(t);
  server.update(PATH, { remove: ["a", "x"], insert: [{ id: "a", n: 9 }] });
  await settle();
  assert.deepEqual(changes, [[{ id: "a", new: { id: "a", n: 9 }, old: { id: "a", n: 1 } }]]);
});

test("a reset is diffs against what was held, without items that stay the same", async t => {
  const { server, changes, collection } = await acquired(t);
  server.update(PATH, { reset: true, insert: [{ n: 2, id: "b" }, { id: "c", deep: [{ x: null }] }] });
  await settle();
  assert.deepEqual(changes, [[
    { id: "a", new: undefined, old: { id: "a", n: 1 } },
    { id: "c", new: { id: "c", deep: [{ x: null }] }, old: undefined },
  ]]);
  server.update(PATH, { reset: true, insert: [{ id: "b", n: 2 }, { id: "c", deep: { 0: { x: null } } }] });
  await settle();
  assert.deepEqual(changes[1].map(({ id }) => id), ["c"], "an array is no object with the same keys");
  assert.deepEqual(collection.get().map(({ id }) => id), ["b", "c"]);
});

test("a reset to the same items calls no callback", async t => {
  const { server, changes, collection } = await acquired(t);
  server.update(PATH, { reset: true, insert: collection.get() });
  await settle();
  assert.deepEqual(changes, []);
});

test("__proto__ and constructor are ids like others, also as fields", async t => {
  const { server, collection, changes } = await acquired(t);
  assert.equal(collection.has("__proto__") || collection.has("constructor"), false);
  const odd = JSON.parse('{"id":"__proto__","__proto__":{"x":1}}');
  await collection.update({ insert: [odd, { id: "constructor" }] });
  assert.deepEqual(collection.get("__proto__"), odd);
  assert.equal(collection.has("constructor"), true);
  server.update(PATH, { reset: true, insert: [JSON.parse('{"id":"__proto__","__proto__":{"x":2}}')] });
  await settle();
  assert.deepEqual(changes.at(-1).find(({ id }) => id === "__proto__").old, odd);
  assert.equal({}.x, undefined);
});

test("after an update's promise the update shows", async t => {
  const { collection } = await acquired(t);
  const result = await collection.update({ insert: [{ id: "c", n: 5 }] });
  assert.deepEqual(result, { ok: true, path: PATH, data: 1, rev: 2, epoch: "e1", ids: ["c"] });
  assert.deepEqual(collection.get("c"), { id: "c", n: 5 });
});

test("an update right after acquiring shows too, connected or not", async t => {
  const { server, client } = setUp(t);
  const early = client.acquire_collection("/app/items/early");
  await early.update({ insert: [{ id: "a" }] });
  assert.equal(early.has("a"), true);
  const late = client.acquire_collection("/app/items/late");
  await late.update({ insert: [{ id: "a" }] });
  assert.equal(late.has("a"), true);
  assert.deepEqual(server.received.map(({ path }) => path), ["/subs", early.path, "/subs", late.path]);
});

test("an inserted item without id gets a new one, later ones greater ones, and the caller's object stays as it is", async t => {
  const { collection } = await acquired(t);
  const item = { text: "hello" };
  const { ids } = await collection.update({ reset: true, insert: [item, item, { id: "" }] });
  assert.match(ids[0], /^[0-9a-z]{19}$/);
  assert.ok(ids[0] < ids[1]);
  assert.deepEqual(collection.get().map(({ id }) => id), ["", ids[0], ids[1]], "an empty id is an id: the server is to judge it");
  assert.equal(collection.get(ids[0]).text, "hello");
  assert.deepEqual(item, { text: "hello" });
});

test("the fields that an update may have reach the server", async t => {
  const { server, collection } = await acquired(t);
  await collection.update({ insert: [], ephemeral: true, ttl: 5 });
  assert.deepEqual(server.received.at(-1).arg, { insert: [], ephemeral: true, ttl: 5 });
});

test("a callback that throws disturbs no other", async t => {
  const { server, collection, changes, client } = await acquired(t);
  const errors = t.mock.method(console, "error", () => {});
  collection.add_callback(() => { throw new Error("mine"); });
  const after = [];
  collection.add_callback(diffs => after.push(diffs));
  collection.add_state_callback(() => { throw new Error("mine"); });
  client.add_state_callback(() => { throw new Error("mine"); });
  server.update(PATH, { remove: ["a"] });
  await settle();
  client.close();
  assert.equal(changes.length, 1);
  assert.equal(after.length, 1);
  assert.equal(collection.state, "stale");
  assert.equal(errors.mock.callCount(), 3);
});

test("callbacks may add and remove callbacks: a change goes to those that were and still are there", async t => {
  const { server, collection } = await acquired(t);
  const calls = [];
  const first = collection.add_callback(() => {
    calls.push("first");
    collection.remove_callback(first);
    collection.remove_callback(second);
    collection.add_callback(() => calls.push("third"));
  });
  const second = collection.add_callback(() => calls.push("second"));
  server.update(PATH, { remove: ["a"] });
  await settle();
  assert.deepEqual(calls, ["first"]);
  server.update(PATH, { remove: ["b"] });
  await settle();
  assert.deepEqual(calls, ["first", "third"]);
});

test("a handler that was added twice is called twice and removed once", async t => {
  const { server, collection } = await acquired(t);
  let calls = 0;
  const handler = () => calls++;
  collection.add_callback(handler);
  collection.remove_callback(collection.add_callback(handler));
  server.update(PATH, { remove: ["a"] });
  await settle();
  assert.equal(calls, 1);
});

test("callbacks may acquire and release", async t => {
  const { server, client, collection } = await acquired(t);
  server.update("/app/items/other", { insert: [{ id: "x" }] });
  let other, later = 0;
  collection.add_callback(() => {
    client.release(PATH);
    other = client.acquire_collection("/app/items/other");
  });
  collection.add_callback(() => later++);
  server.update(PATH, { remove: ["a"] });
  await settle();
  assert.equal(later, 0, "released: no callback any more, not even of the same change");
  assert.equal(other.has("x"), true);
});

test("ready resolves with the first snapshot, even an empty one", async t => {
  const { client } = setUp(t);
  const collection = client.acquire_collection(PATH);
  assert.equal(collection.state, "pending");
  assert.equal(await collection.ready, collection);
  assert.equal(collection.state, "live");
  assert.equal(collection.size, 0);
});

test("state goes pending, live, stale, live, released, and says so", async t => {
  const { client, network, advance } = setUp(t);
  const collection = client.acquire_collection(PATH);
  const states = [collection.state];
  collection.add_state_callback(state => states.push(state));
  const removed = collection.add_state_callback(() => assert.fail());
  collection.remove_state_callback(removed);
  await settle();
  network.cut();
  await advance(200);
  client.release(PATH);
  assert.deepEqual(states, ["pending", "live", "stale", "live", "released"]);
});

test("a released collection calls no callback, refuses updates and callbacks, and can be acquired anew", async t => {
  const { server, client, collection, changes } = await acquired(t);
  client.release("app/items/chnl");
  assert.throws(() => collection.update({ remove: ["a"] }), /released/);
  assert.throws(() => collection.add_callback(() => {}), /released/);
  assert.throws(() => collection.add_state_callback(() => {}), /released/);
  assert.throws(() => collection.subscribe(() => {}), /released/);
  server.update(PATH, { remove: ["a"] });
  await settle();
  assert.deepEqual(changes, []);
  const again = client.acquire_collection(PATH);
  assert.notEqual(again, collection);
  await again.ready;
  assert.deepEqual(again.get(), [{ id: "b", n: 2 }]);
  client.release("/never/acquired/this");
});

test("released before the first snapshot, ready rejects", async t => {
  const { client } = setUp(t);
  const collection = client.acquire_collection(PATH);
  client.release(PATH);
  await assert.rejects(collection.ready, { name: "SharedStateError", message: /released/ });
});

test("a path lives as long as one of its handles, and client.release ends all", async t => {
  const { client, lists } = setUp(t);
  const first = client.acquire_collection(PATH);
  assert.equal(client.acquire_collection("app/items//chnl/"), first, "the same object, whatever the spelling");
  await first.ready;
  first.release();
  assert.equal(first.state, "live");
  first.release();
  assert.equal(first.state, "released");
  first.release();
  await settle();
  assert.deepEqual(lists().at(-1), { reset: false, remove: [PATH], insert: [] });

  const again = client.acquire_collection(PATH);
  client.acquire_object(PATH, "o").release();
  assert.equal(again.state, "pending");
  client.acquire_collection(PATH);
  client.release(PATH);
  assert.equal(again.state, "released");
  assert.equal(client.acquire_collection(PATH).state, "pending", "what was released counts for nothing");
});

test("released and acquired again at once, as StrictMode does, a collection is live", async t => {
  const { server, client } = setUp(t);
  server.update(PATH, { insert: [{ id: "a" }] });
  client.acquire_collection(PATH).release();
  const collection = client.acquire_collection(PATH);
  await settle();
  assert.deepEqual([collection.state, collection.size], ["live", 1]);
});

test("all clients have the same order, by id, however the items came", async t => {
  const { server, client } = setUp(t);
  const live = client.acquire_collection(PATH);
  const ids = ["b", "\u{1F600}", "a", "\uFFFD", "B", "aa", "", "10", "9"];
  for (const id of ids) await live.update({ insert: [{ id }] });
  await live.update({ insert: [{ id: "b", n: 2 }], remove: ["a"] });
  await live.update({ insert: [{ id: "a" }] });
  const reloaded = await setUpSecond(t, server).acquire_collection(PATH).ready;
  const expected = ["", "10", "9", "B", "a", "aa", "b", "\uFFFD", "\u{1F600}"];
  assert.deepEqual(live.get().map(({ id }) => id), expected);
  assert.deepEqual(reloaded.get(), live.get());
});

test("items is the same array until something changes, and get() is the caller's own", async t => {
  const { server, collection, network, advance } = await acquired(t);
  const { items } = collection;
  assert.equal(collection.items, items);
  collection.get().reverse();
  assert.deepEqual(collection.items.map(({ id }) => id), ["a", "b"]);
  assert.throws(() => collection.items.push({ id: "c" }), TypeError);
  server.update(PATH, { reset: true, insert: [{ id: "b", n: 2 }, { id: "a", n: 1 }] });
  await settle();
  network.cut();
  await advance(200);
  assert.equal(collection.items, items, "a reset to the same items is no change");
  await collection.update({ remove: ["a"] });
  assert.deepEqual(collection.items.map(({ id }) => id), ["b"]);
  assert.equal(collection.items[0], items[1]);
});

test("subscribe calls at once and after each change of the items or the state, until it is ended", async t => {
  const { server, client } = setUp(t);
  const collection = client.collection(PATH);
  const views = [];
  const stop = collection.subscribe(({ items, diffs, state }) => views.push([state, items.map(({ id }) => id), diffs.length]));
  server.update(PATH, { insert: [{ id: "a" }, { id: "b" }] });
  await settle();
  server.update(PATH, { remove: ["a"] });
  await settle();
  client.close();
  stop();
  void client.connect();
  await settle();
  assert.deepEqual(views, [["pending", [], 0], ["live", ["a", "b"], 2], ["live", ["b"], 1], ["stale", ["b"], 0]]);
});

test("insert and remove take one or several", async t => {
  const { collection } = await acquired(t);
  const { ids } = await collection.insert({ text: "one" });
  await collection.insert([{ id: "x" }, { id: "y" }]);
  await collection.remove("a");
  await collection.remove(["b", "x"]);
  assert.deepEqual(collection.get().map(({ id }) => id).sort(), [...ids, "y"].sort());
});

test("each old name has a camelCase one", async t => {
  const { client, collection } = await acquired(t);
  assert.equal(client.acquireCollection(PATH), collection);
  assert.equal(client.acquireObject(PATH, "o").getItems().length, 0);
  assert.deepEqual(collection.getItems(), collection.get());
  assert.deepEqual(collection.getItem("a"), collection.get("a"));
  assert.equal(collection.hasItem("a"), true);
  let calls = 0;
  const handle = collection.addCallback(() => calls++);
  await collection.updateItems({ remove: ["a"] });
  collection.removeCallback(handle);
  await collection.updateItems({ remove: ["b"] });
  assert.equal(calls, 1);
  client.removeStateCallback(client.addStateCallback(() => {}));
  collection.removeStateCallback(collection.addStateCallback(() => {}));
  assert.equal(client.onConnect, undefined, "a hook has one name");
});

test("a failed collection that nothing listens to is reported on the console, and has its reason", async t => {
  const { server, client } = setUp(t);
  const errors = t.mock.method(console, "error", () => {});
  server.refusals.set(PATH, { code: "forbidden", message: "not for you" });
  server.refusals.set("/app/items/watched", { code: "forbidden", message: "not for you" });
  const collection = client.acquire_collection(PATH);
  const watched = client.acquire_collection("/app/items/watched");
  watched.add_state_callback(() => {});
  await settle();
  assert.equal(errors.mock.callCount(), 1);
  assert.match(errors.mock.calls[0].arguments[0], /\/app\/items\/chnl failed: not for you/);
  assert.deepEqual(collection.error, { code: "forbidden", message: "not for you", temporary: false });
});

test("a wrong argument of a synchronous call throws a TypeError that says what was expected", async t => {
  const { client, collection } = await acquired(t);
  const wrong = (run, message) => assert.throws(run, { name: "TypeError", message });
  wrong(() => collection.get(undefined), "expected an id, a string, not undefined");
  wrong(() => collection.has(5), "expected an id, a string, not number");
  wrong(() => collection.remove_callback(() => {}), /^expected the handle that/);
  wrong(() => collection.add_callback("x"), 'expected a function as callback, not "x"');
  wrong(() => client.acquire_object(PATH, "o").add_callback(), /^expected a function/);
  for (const path of [undefined, "", "/", "/app/items", "/app/items/c/more", "/app/../c"]) {
    wrong(() => client.acquire_collection(path), /^expected a path such as \/app/);
  }
  for (const options of [null, [], 5]) wrong(() => client.acquire_collection("/app/items/x", options), /^expected an object as options/);
  wrong(() => client.acquire_collection("/app/items/x", { filter: { big: 1n } }), "options.filter.big is a BigInt: pass it as a string");
  const cycle = {};
  cycle.deep = [cycle];
  wrong(() => client.acquire_collection("/app/items/x", { filter: cycle }), "options.filter.deep.0 contains itself");
  assert.equal((await client.acquire_collection("/app/items/x").ready).state, "live", "what was wrong has left no trace");
});

/** Another client of the same server. */
function setUpSecond(t, server) {
  const client = new SharedStateClient("ws://server/", { WebSocket: new FakeNetwork(server).WebSocket });
  t.after(() => client.close());
  return client;
}
