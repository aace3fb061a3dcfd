import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/chnl";

test("get and update resolve with ok, path and data, and where the collection stands", async t => {
  const { client } = setUp(t);
  assert.deepEqual(await client.update(PATH, { insert: [{ id: "a" }] }), { ok: true, path: PATH, data: 1, rev: 1, epoch: "e1" });
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

test("what cannot be written as JSON is the caller's to catch", async t => {
  const { client } = setUp(t);
  await settle();
  await assert.rejects(client.update(PATH, { insert: [{ id: "a", big: 1n }] }), TypeError);
});
