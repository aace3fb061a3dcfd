import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";
import { A, items, numbers, OPEN, viewing } from "./viewing.js";

test("the same path with other options is another collection, with equal options the same one, in whatever order their keys are", async t => {
  const { client, lists } = setUp(t);
  const acquire = [client.collection.bind(client), client.acquire_collection.bind(client)];
  for (const call of acquire) {
    const view = call(A, { filter: { a: { x: 1, y: 2 }, b: 3 }, limit: 5 });
    assert.equal(call("app/items/a/", { limit: 5, filter: { b: 3, a: { y: 2, x: 1 } }, order: undefined, after: null }), view);
    const others = [{}, { limit: 5 }, { filter: { a: { x: 1, y: 2 }, b: 3 }, limit: 5, maxRate: 1 }, { filter: { toString: 1 } }];
    assert.equal(new Set([view, ...others.map(options => call(A, options))]).size, 5);
  }
  await settle();
  assert.equal(lists()[0].insert.length, 5);
});

test("a view has a name on the wire, a whole collection only if another one of the path is there", async t => {
  const { client, lists } = setUp(t);
  for (const options of [OPEN, {}, { maxRate: 5 }, { limit: 1, as: "mine" }, { limit: 2, as: "mine" }]) client.collection(A, options);
  await settle();
  assert.deepEqual(lists()[0].insert, [
    [A, { ...OPEN, as: "1" }], [A, {}], [A, { maxRate: 5, as: "2" }], [A, { limit: 1, as: "mine" }], [A, { limit: 2, as: "mine.3" }],
  ]);
});

test("items enter, change and leave a view with the update that causes it", async t => {
  const { server, view, diffs } = await viewing(t, OPEN);
  assert.deepEqual(numbers(view), [2, 4]);
  server.update(A, { remove: ["i2"], insert: [{ id: "i3", n: 3, done: false }, { id: "i4", n: 40, done: false }] });
  await settle();
  assert.deepEqual(diffs, [[["i2", true, false], ["i3", false, true], ["i4", true, true]]]);
  assert.deepEqual(numbers(view), [3, 40]);
});

test("a window is sorted by its order, and tells its total, alone if nothing else changes", async t => {
  const { server, view, diffs } = await viewing(t, { order: [["n", -1]], limit: 2 });
  assert.deepEqual([numbers(view), view.get().map(({ n }) => n), view.total, view.size], [[4, 3], [4, 3], 4, 2]);
  const told = [];
  view.subscribe(({ items: { length }, total, diffs: changes }) => told.push([length, total, changes.length]));
  server.update(A, { insert: items(5) });
  server.update(A, { remove: ["i1"] });
  await settle();
  assert.deepEqual([numbers(view), view.total], [[5, 4], 4]);
  assert.deepEqual(told, [[2, 4, 0], [2, 5, 2], [2, 4, 0]]);
  assert.deepEqual(diffs, [[["i3", true, false], ["i5", false, true]]], "no callback without a diff");
});

test("a message that overlaps with what is known does not change the total", async t => {
  const { server, view } = await viewing(t, { limit: 2 });
  server.update(A, { insert: items(5) });
  await settle();
  server.say(A, { insert: [], remove: [] }, { rev: 1, epoch: "e1", prev: 0, total: 4, as: "1" });
  await settle();
  assert.equal(view.total, 5);
});

test("items are sorted by type and value, strings by code point, by the least element of an array or the greatest, and by id", async t => {
  const { server, client } = setUp(t);
  const values = [null, -1, 0, 2, 10, "", "\uFFFD", "\u{1F600}", { a: 1 }, { b: 0 }, false, true];
  const shuffled = [7, 2, 11, 5, 0, 9, 4, 1, 10, 3, 8, 6];
  server.update(A, { insert: shuffled.map(n => ({ id: `${n}`, at: { v: values[n] } })) });
  const sortedBy = async order => (await client.collection(A, { order }).ready).items.map(({ id }) => id).join();
  assert.equal(await sortedBy([["at.v", 1]]), "0,1,2,3,4,5,6,7,8,9,10,11");
  assert.equal(await sortedBy([["at.v", -1]]), "11,10,9,8,7,6,5,4,3,2,1,0");
  assert.equal(await sortedBy([["missing", -1]]), "0,1,10,11,2,3,4,5,6,7,8,9", "ties ascend, whatever the direction");

  const lists = { a: [{ n: 3 }, { n: 9 }], b: { n: 5 }, c: [{ n: [1, 20] }], d: [], e: [{ x: 1 }, { n: 7 }], f: [[0], { n: 4 }] };
  server.update(A, { reset: true, insert: Object.entries(lists).map(([id, list]) => ({ id, list })) });
  await settle();
  assert.equal(await sortedBy([["list.n", 1], ["list", 1]]), "d,e,c,a,f,b");
  assert.equal(await sortedBy([["list", 1]]), "d,a,f,b,e,c");
  assert.equal(await sortedBy([["list", -1]]), "f,e,c,a,b,d");
  assert.equal(await sortedBy([["list.0.n", -1]]), "c,a,b,d,e,f");
});

test("a view without the fields of its order asks for them, and so does a read, which is sorted", async t => {
  const { client, view, lists } = await viewing(t, { fields: ["done"], order: [["n", -1], ["done", 1]] });
  assert.deepEqual(numbers(view), [4, 3, 2, 1]);
  assert.deepEqual(lists()[0].insert[0][1].fields, ["done", "n"]);
  assert.deepEqual(view.options.fields, ["done"]);
  const page = await client.get(A, { fields: ["id"], order: [["n", -1]], filter: { done: true } });
  assert.deepEqual(page.data, [{ id: "i3", n: 3 }, { id: "i1", n: 1 }]);
  await assert.rejects(client.collection(A, { fields: ["id"], order: [5, "n"] }).ready, { code: "bad_request", message: /order: a list/ });
});

test("a collection without a limit has no total", async t => {
  const { client, view } = await viewing(t, OPEN);
  assert.equal(view.total, undefined);
  const page = await client.get(A, { filter: { done: true }, limit: 1 });
  assert.deepEqual([page.ok, page.data.length, page.total, page.rev], [true, 1, 2, 1]);
  assert.equal("total" in await client.get(A, OPEN), false);
});

test("while a path is released, a callback may release and acquire collections of it", async t => {
  const { client, view } = await viewing(t, OPEN);
  const all = await client.collection(A).ready;
  let again;
  view.add_state_callback(() => {
    all.release();
    again = client.collection(A);
  });
  client.release(A);
  await again.ready;
  assert.deepEqual([view.state, all.state, again.state, again.size], ["released", "released", "live", 4]);
});

test("the server ends one view of a path, and release ends all collections of it", async t => {
  const { client, network, view } = await viewing(t, OPEN);
  const all = await client.collection(A).ready;
  const error = { code: "forbidden", message: "no", temporary: false };
  network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "DROP", path: A, as: "1", error }) });
  assert.deepEqual([view.state, all.state], ["failed", "live"]);
  client.release(A);
  assert.deepEqual([view.state, all.state], ["released", "released"]);
});

test("updates of a view are those of the collection", async t => {
  const { server, client, view } = await viewing(t, { ...OPEN, fields: ["n"] });
  assert.deepEqual(view.items, [{ id: "i2", n: 2 }, { id: "i4", n: 4 }]);
  await view.insert(items(5));
  await view.remove("i3");
  assert.deepEqual(numbers(view), [2, 4]);
  assert.deepEqual(server.items(A).map(({ n }) => n), [1, 2, 4, 5]);
  client.release(A);
  assert.throws(() => view.remove("i1"), /was released/);
});

test("a transaction reads an item that the view does not show, or not all of", async t => {
  const { server, client, view } = await viewing(t, OPEN);
  const reads = () => server.received.filter(({ cmd, path }) => cmd === "GET" && path === A).map(({ arg }) => arg);
  await view.transact("i1", item => ({ ...item, seen: true }));
  assert.deepEqual(server.items(A).find(({ id }) => id === "i1"), { id: "i1", n: 1, done: true, seen: true });
  assert.deepEqual(reads(), [{ filter: { id: "i1" } }]);
  await view.transact("i2", item => ({ ...item, seen: true }));
  assert.equal(reads().length, 1, "an item that it shows is known");
  const names = await client.collection(A, { fields: ["n"] }).ready;
  await names.transact("i4", item => ({ ...item, seen: true }));
  assert.deepEqual(server.items(A).find(({ id }) => id === "i4"), { id: "i4", n: 4, done: false, seen: true });
  assert.equal(reads().length, 2);
});

test("on an older server a view fails with a clear error, and whole collections work", async t => {
  const { server, client, view, lists } = await viewing(t, OPEN, { extended: false });
  const failure = { code: "failed", temporary: false, message: /^\/app\/items\/a: the server is too old for views: leave out filter, order, limit, after, fields$/ };
  assert.deepEqual([view.state, view.size], ["failed", 0]);
  assert.deepEqual(lists().at(-1), { insert: [] }, "the server need not send the whole collection");
  const all = await client.collection(A).ready;
  const slow = await client.collection(A, { maxRate: 5 }).ready;
  const window = client.collection(A, { limit: 2 });
  await assert.rejects(window.ready, failure);
  server.update(A, { insert: items(5) });
  await settle();
  assert.deepEqual([all.size, slow.size, window.size, view.size], [5, 5, 0, 0]);
  await assert.rejects(all.setView({ limit: 2 }), failure);
  assert.equal(all.size, 5);
  await all.setView({ limit: null });
  assert.equal(all.state, "live");
  const page = await client.get(A, { limit: 2 });
  assert.deepEqual([page.ok, page.error.code], [false, "failed"]);
  await assert.rejects(client.get(A, { limit: 2, throw: true }), failure);
  assert.equal((await client.get(A)).data.length, 5);
  await slow.transact("i1", item => ({ ...item, seen: true }));
  assert.equal(server.items(A)[0].seen, true);
});

test("views on a page that meets a newer server after an older one are live", async t => {
  const { server, network, advance, view } = await viewing(t, OPEN, { extended: false });
  assert.equal(view.state, "failed");
  server.extended = true;
  network.cut();
  await advance(200);
  await view.ready;
  assert.deepEqual(numbers(view), [2, 4]);
});

