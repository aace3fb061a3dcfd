import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/objects";

test("an object is the same on each call, and another after release", async t => {
  const { client } = setUp(t);
  const object = client.acquire_object(PATH, "a");
  assert.equal(client.acquire_object("app/items/objects", "a"), object);
  assert.notEqual(client.acquire_object(PATH, "__proto__"), object);
  assert.equal(client.acquire_collection(PATH), object.collection);
  client.release(PATH);
  assert.notEqual(client.acquire_object(PATH, "a"), object);
});

test("get is the data of the item, set stores it", async t => {
  const { server, client } = setUp(t);
  const object = client.acquire_object(PATH, "a");
  assert.equal(object.get(), undefined);
  const result = await object.set({ x: 1 });
  assert.equal(result.ok && result.path === PATH, true);
  assert.deepEqual(object.get(), { x: 1 });
  assert.deepEqual(server.items(PATH), [{ id: "a", data: { x: 1 } }]);
  await object.set(false);
  assert.equal(object.get(), false);
});

test("set_items stores a list under state, and refuses anything else", async t => {
  const { server, client } = setUp(t);
  const object = client.acquire_object(PATH, "a");
  assert.deepEqual(object.get_items(), []);
  await object.set_items([{ id: "x", n: 1 }, { id: "y" }]);
  assert.deepEqual(server.items(PATH), [{ id: "a", state: [{ id: "x", n: 1 }, { id: "y" }] }]);
  assert.deepEqual(object.get_items(), [{ id: "x", n: 1 }, { id: "y" }]);
  assert.deepEqual(object.get_item("x"), { id: "x", n: 1 });
  assert.equal(object.get_item("z"), undefined);
  assert.equal(object.has_item("y"), true);
  assert.equal(object.has_item("z"), false);
  for (const wrong of [undefined, null, {}, "ab", new Set()]) assert.throws(() => object.set_items(wrong), TypeError);
});

test("lists of others may hold anything", async t => {
  const { server, client } = setUp(t);
  const object = client.acquire_object(PATH, "a");
  server.update(PATH, { insert: [{ id: "a", state: [null, 1, { id: "x" }] }, { id: "b", state: "no list" }] });
  await object.collection.ready;
  assert.deepEqual(object.get_item("x"), { id: "x" });
  assert.deepEqual(client.acquire_object(PATH, "b").get_items(), []);
});

test("a callback gets the one diff of its object, until it is removed or the path is released", async t => {
  const { server, client } = setUp(t);
  const object = client.acquire_object(PATH, "a");
  const diffs = [];
  object.add_callback(diff => diffs.push(diff));
  object.remove_callback(object.add_callback(() => assert.fail()));
  server.update(PATH, { insert: [{ id: "b", data: 0 }] });
  await object.set(1);
  await object.collection.update({ remove: ["a"] });
  assert.deepEqual(diffs, [
    { id: "a", new: { id: "a", data: 1 }, old: undefined },
    { id: "a", new: undefined, old: { id: "a", data: 1 } },
  ]);
  client.release(PATH);
  assert.throws(() => object.set(2), /released/);
  assert.throws(() => object.set_items([]), /released/);
  server.update(PATH, { insert: [{ id: "a", data: 3 }] });
  await settle();
  assert.equal(diffs.length, 2);
});
