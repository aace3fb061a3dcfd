import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedStateError } from "../dist/sharedstate.es.js";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/chnl";

test("get and update resolve with ok, path and data, and where the collection stands", async t => {
  const { client } = setUp(t);
  const updated = { ok: true, path: PATH, data: 1, rev: 1, epoch: "e1", ids: ["a"] };
  assert.deepEqual(await client.update(PATH, { insert: [{ id: "a" }] }), updated);
  assert.deepEqual(await client.get(PATH), { ok: true, path: PATH, data: [{ id: "a" }], rev: 1, epoch: "e1" });
  assert.deepEqual(await client.get("/clock"), { ok: true, path: "/clock", data: 1000 });
});

test("a refusal resolves with the error, an older server's with one made of its sentence", async t => {
  const { client } = setUp(t);
  assert.deepEqual(await client.get("/nothing"), {
    ok: false, path: "/nothing", data: "no service", error: { code: "failed", message: "no service", temporary: false },
  });
});

test("requests made while disconnected wait for the connection, in their order, behind the subscriptions", async t => {
  const { server, client, network, advance } = setUp(t, { mode: "refuse" });
  const collection = client.acquire_collection(PATH);
  const item = { id: "a", n: 1 };
  const first = collection.update({ insert: [item] });
  item.n = 2;
  const second = collection.update({ insert: [{ id: "b" }] });
  await settle();
  network.mode = "open";
  await advance(400);
  await Promise.all([first, second]);
  assert.deepEqual(server.received.map(({ path }) => path), ["/subs", PATH, PATH]);
  assert.deepEqual(collection.get(), [{ id: "a", n: 1 }, { id: "b" }], "it is sent as it was when it was made");
});

test("a request that finds no connection within timeoutMs is a timeout, and is not sent later", async t => {
  const { server, client, network, advance } = setUp(t, { mode: "refuse", timeoutMs: 1000 });
  const result = client.update(PATH, { insert: [{ id: "a" }] });
  await advance(1000);
  const { ok, error } = await result;
  assert.deepEqual([ok, error.code, error.temporary], [false, "timeout", true]);
  assert.match(error.message, /not sent/);
  network.mode = "open";
  await advance(10_000);
  assert.equal(client.connected, true);
  assert.deepEqual(server.items(PATH), []);
});

test("a request without answer within one and a half times timeoutMs is a timeout, and a late answer is passed over", async t => {
  const { server, client, network, advance } = setUp(t, { timeoutMs: 1000 });
  await settle();
  server.muted = true;
  const result = client.get("/clock");
  let settled = false;
  void result.then(() => { settled = true; });
  await advance(1500);
  assert.equal(settled, false);
  await advance(300);
  assert.equal((await result).error.code, "timeout");
  const { tunnel } = server.received.at(-1);
  network.last.onmessage({ data: JSON.stringify({ type: "REPLY", tunnel, ok: true, data: 1 }) });
});

test("a request whose connection broke before the answer is disconnected; one made after that waits", async t => {
  const { server, client, network, advance } = setUp(t);
  await settle();
  server.muted = true;
  const sent = client.get("/clock");
  network.cut();
  server.muted = false;
  const waiting = client.get("/clock");
  const { ok, error, data } = await sent;
  assert.deepEqual([ok, error.code, error.temporary, data], [false, "disconnected", true, error.message]);
  await advance(400);
  assert.equal((await waiting).ok, true);
});

test("on a closed client a request is refused at once, and so is what waited", async t => {
  const { client } = setUp(t, { mode: "hang" });
  const waiting = client.get("/clock");
  client.close();
  assert.equal((await waiting).error.code, "disconnected");
  assert.equal((await client.get("/clock")).error.code, "disconnected");
});

test("many requests under way each get their own answer", async t => {
  const { client } = setUp(t);
  const results = await Promise.all(Array.from({ length: 500 }, (_, n) => client.update(PATH, { insert: [{ id: `${n}` }] })));
  assert.deepEqual(results.map(({ rev }) => rev), results.map((_, n) => n + 1));
});

test("whatever is passed, the promise of a request resolves, and a refusal names the place", async t => {
  const { server, client } = setUp(t);
  const collection = await client.acquire_collection(PATH).ready;
  const cycle = { id: "a" };
  cycle.self = cycle;
  let deep = {};
  for (let n = 0; n < 100_000; n++) deep = { deep };
  const before = server.received.length;
  for (const [changes, message] of [
    [{ insert: [{ id: "a", big: 1n }] }, "not sent: the update.insert.0.big is a BigInt: pass it as a string"],
    [{ insert: [cycle] }, "not sent: the update.insert.0.self contains itself"],
    [{ insert: [{ toJSON() { throw new Error("mine"); } }] }, "not sent: mine"],
    [{ insert: [{ id: "a", deep }] }, /^not sent: /],
    [{ insert: [null] }, "not sent: expected an object as insert.0, not null"],
    [{ insert: [{ id: "a" }, "b"] }, 'not sent: expected an object as insert.1, not "b"'],
    [{ insert: [() => {}] }, "not sent: expected an object as insert.0, not function"],
    [{ insert: [Promise.resolve({ id: "a" })] }, "not sent: expected an object as insert.0, not a Promise"],
    [{ insert: [{ id: "a", big: Promise.resolve(1) }] }, "not sent: the update.insert.0.big is a Promise: await it"],
    [{ insert: "abc" }, 'not sent: expected a list of items as insert, not "abc"'],
    [{ inserts: [{ id: "a" }] }, 'not sent: unknown field "inserts": the fields are remove, insert, patch, inc, reset, if, ttl, ephemeral'],
    [null, "not sent: expected an update such as {insert: [..]}, not null"],
    [[], "not sent: expected an update such as {insert: [..]}, not an array"],
  ]) {
    for (const result of [await collection.update(changes), await client.update(PATH, changes)]) {
      assert.deepEqual([result.ok, result.error?.code, result.error?.temporary], [false, "bad_request", false]);
      if (typeof message === "string") assert.equal(result.error.message, message);
      else assert.match(result.error.message, message);
    }
  }
  assert.equal(server.received.length, before);
});

test("a transaction whose function returns no item is refused, and its item stays", async t => {
  const { server, client } = setUp(t);
  const collection = await client.acquire_collection(PATH).ready;
  await collection.insert({ id: "a", n: 1 });
  const before = server.received.length;
  for (const [change, message] of [
    [async item => ({ ...item, n: 2 }), "not sent: expected an object as insert.0, not a Promise"],
    [() => 5, "not sent: expected an object as insert.0, not number"],
    [() => null, "not sent: expected an object as insert.0, not null"],
  ]) {
    const { ok, error } = await collection.transact("a", change);
    assert.deepEqual([ok, error?.code, error?.message], [false, "bad_request", message]);
  }
  const { error } = await client.object(PATH, "a").transact(async () => 1);
  assert.equal(error?.message, "not sent: the update.insert.0.data is a Promise: await it");
  assert.equal(server.received.length, before);
});

test("update without an argument changes nothing and is ok", async t => {
  const { client } = setUp(t);
  const collection = await client.acquire_collection(PATH).ready;
  assert.deepEqual([(await collection.update()).ok, (await collection.update_items()).ok, collection.size], [true, true, 0]);
});

test("values that JSON does not have are converted as JSON does, and the console warns once", async t => {
  const { server, client } = setUp(t);
  const warnings = t.mock.method(console, "warn", () => {});
  const date = new Date(0);
  await client.update(PATH, { insert: [{ id: "a", nan: NaN, map: new Map([[1, 2]]), date, gone: undefined, list: [undefined] }] });
  assert.deepEqual(server.items(PATH), [{ id: "a", nan: null, map: {}, date: date.toJSON(), list: [null] }]);
  assert.equal(warnings.mock.callCount(), 1);
  const [warning] = warnings.mock.calls[0].arguments;
  assert.equal(warning, "sharedstate: the update.insert.0.nan is NaN, converted as JSON.stringify does");
  await client.update(PATH, { insert: [{ id: "a", nan: NaN }] });
  assert.equal(warnings.mock.callCount(), 1);
});

test("with throw, for the client or a call, a refusal is a SharedStateError", async t => {
  const { client } = setUp(t, { throw: true });
  const error = { name: "SharedStateError", code: "failed", temporary: false, message: "/nothing: no service" };
  await assert.rejects(client.get("/nothing"), error);
  assert.equal((await client.get("/nothing", { throw: false })).ok, false);
  const collection = client.acquire_collection(PATH);
  await assert.rejects(collection.insert(null), SharedStateError);
  assert.equal((await collection.insert(null, { throw: false })).ok, false);
  assert.equal((await collection.insert({ id: "a" })).ok, true);
  await assert.rejects(client.acquire_object(PATH, "o").set(1n), SharedStateError);
});

test("with debug, a refusal that nothing looks at is reported on the console", async t => {
  t.mock.method(console, "log", () => {});
  const warnings = t.mock.method(console, "warn", () => {});
  const { client, advance } = setUp(t, { debug: true });
  const seen = await client.get("/nothing");
  await client.get("/nowhere");
  assert.equal(seen.ok, false);
  await advance(2000);
  assert.deepEqual(warnings.mock.calls.map(({ arguments: [, path] }) => path), ["/nowhere"]);
});
