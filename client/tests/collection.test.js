import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

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

test("a reset to the same items calls nobody", async t => {
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
  assert.deepEqual(result, { ok: true, path: PATH, data: 1, rev: 2, epoch: "e1" });
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

test("an inserted item without id gets a random one, and the caller's object stays as it is", async t => {
  const { collection } = await acquired(t);
  const item = { text: "hello" };
  await collection.update({ reset: true, insert: [item, item, { id: "" }] });
  const [first, second] = collection.get();
  assert.match(first.id, /^[0-9a-z]{10}$/);
  assert.notEqual(first.id, second.id);
  assert.equal(first.text, "hello");
  assert.equal(collection.has(""), true, "an empty id is an id: the server is to judge it");
  assert.deepEqual(item, { text: "hello" });
});

test("fields of an update that the client does not know reach the server", async t => {
  const { server, collection } = await acquired(t);
  await collection.update({ insert: [], ephemeral: true });
  assert.equal(server.received.at(-1).arg.ephemeral, true);
});

test("a callback that throws disturbs nobody else", async t => {
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

test("callbacks may add and remove callbacks: those who were there and still are get the change", async t => {
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

test("a released collection calls nobody, refuses updates, and can be acquired anew", async t => {
  const { server, client, collection, changes } = await acquired(t);
  client.release("app/items/chnl");
  assert.throws(() => collection.update({ remove: ["a"] }), /released/);
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
  await assert.rejects(collection.ready, { name: "SubscriptionError", message: /released/ });
});
