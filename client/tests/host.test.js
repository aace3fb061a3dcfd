// Against the real host, with the services `items` and `mitems`; SHAREDSTATE_URL=ws://... takes one that runs already.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { noHost, RealHost } from "./real-host.js";
import { until } from "./until.js";

let url = process.env.SHAREDSTATE_URL;
const options = { timeout: 30_000, skip: !url && noHost };
if (!url && !noHost) {
  const host = new RealHost();
  before(async () => { url = (await host.start()).origin; });
  after(() => host.end());
}
const run = Math.random().toString(36).slice(2, 10); // No run meets the items of another.

/** Connections that a test can cut, and that keep what went over them. */
function wires() {
  const sockets = [];
  class Wire extends WebSocket {
    sent = [];
    came = [];

    constructor(address) {
      super(address);
      sockets.push(this);
      this.addEventListener("message", ({ data }) => this.came.push(JSON.parse(data)));
    }

    send(text) {
      this.sent.push(JSON.parse(text));
      super.send(text);
    }
  }
  return { Wire, last: () => sockets.at(-1) };
}

function connect(t, more = {}) {
  const client = new SharedStateClient(url, { WebSocket, ...more });
  t.after(() => client.close());
  return client;
}

for (const service of ["items", "mitems"]) {
  const path = name => `/client-${run}/${service}/${name}`;

  test(`${service}: what one client stores, another sees, as the same diffs`, options, async t => {
    const [writer, reader] = [connect(t), connect(t)].map(client => client.acquire_collection(path("shared")));
    await Promise.all([writer.ready, reader.ready]);
    const diffs = [];
    reader.add_callback(more => diffs.push(...more));

    const { ok, data } = await writer.update({ insert: [{ id: "a", n: 1 }, { id: "__proto__", "ä": "€" }] });
    assert.deepEqual([ok, data], [true, 2]);
    assert.deepEqual(writer.get("a"), { id: "a", n: 1 }, "the promise comes after the change");
    await writer.update({ insert: [{ id: "a", n: 2 }] });
    await writer.update({ remove: ["a"] });
    await until(reader, () => reader.size === 1 && diffs.length === 4);
    assert.deepEqual(diffs.map(diff => [diff.id, diff.old?.n, diff.new?.n]), [
      ["a", undefined, 1], ["__proto__", undefined, undefined], ["a", 1, 2], ["a", 2, undefined],
    ]);
    assert.deepEqual(reader.get("__proto__"), { id: "__proto__", "ä": "€" });
  });

  test(`${service}: a reset leaves what it inserts`, options, async t => {
    const collection = connect(t).acquire_collection(path("reset"));
    await collection.update({ insert: [{ id: "a" }, { id: "b", n: 1 }] });
    await collection.update({ reset: true, insert: [{ id: "b", n: 1 }, { id: "c" }] });
    assert.deepEqual(collection.get().map(({ id }) => id).sort(), ["b", "c"]);
  });

  test(`${service}: an object is shared`, options, async t => {
    const [mine, yours] = [connect(t), connect(t)].map(client => client.acquire_object(path("objects"), "o"));
    await Promise.all([mine.collection.ready, yours.collection.ready]);
    const seen = new Promise(resolve => yours.add_callback(resolve));
    await mine.set({ deep: [1, { x: null }] });
    assert.deepEqual((await seen).new, { id: "o", data: { deep: [1, { x: null }] } });
    assert.deepEqual(yours.get(), { deep: [1, { x: null }] });
    await mine.set_items([{ id: "x" }]);
    await until(yours.collection, () => yours.has_item("x"));
  });

  test(`${service}: after a cut connection only what changed is sent, and nothing is missing`, options, async t => {
    const { Wire, last } = wires();
    const client = connect(t, { WebSocket: Wire });
    const reader = client.acquire_collection(path("resume"));
    const writer = connect(t).acquire_collection(path("resume"));
    await writer.update({ insert: Array.from({ length: 100 }, (_, n) => ({ id: `${n}`, n })) });
    await until(reader, () => reader.size === 100);

    last().terminate();
    await until(reader, () => reader.state === "stale");
    await writer.update({ remove: ["0"], insert: [{ id: "1", n: "one" }, { id: "new" }] });
    await until(reader, () => reader.state === "live" && reader.has("new"));

    assert.deepEqual(byId(reader.get()), byId(writer.get()));
    const [{ data, prev }] = last().came.filter(({ cmd }) => cmd === "NOTIFY");
    assert.equal(data.reset, false);
    assert.equal(typeof prev, "number");
    assert.ok(data.insert.length <= 2, `${data.insert.length} items for 2 that changed`);
    assert.deepEqual(data.remove, ["0"]);
  });

  test(`${service}: later subscriptions are sent as changes of the list`, options, async t => {
    const { Wire, last } = wires();
    const client = connect(t, { WebSocket: Wire });
    await client.acquire_collection(path("first")).ready;
    await client.acquire_collection(path("second")).ready;
    client.release(path("first"));
    const { data } = await client.get("/subs");
    assert.deepEqual(data.map(([name]) => name), [path("second")]);
    const lists = last().sent.filter(({ cmd, path }) => cmd === "PUT" && path === "/subs");
    assert.deepEqual(lists.map(({ arg }) => arg.reset), [undefined, false, false]);
  });

  test(`${service}: two writers and a reader end with the same items`, options, async t => {
    const collections = [1, 2, 3].map(() => connect(t).acquire_collection(path("storm")));
    await Promise.all(collections.map(({ ready }) => ready));
    const writes = collections.slice(0, 2).flatMap((collection, writer) =>
      Array.from({ length: 100 }, (_, n) => collection.update({ insert: [{ id: `${n % 10}`, writer, n }], remove: [`${(n + 5) % 10}`] })));
    const results = await Promise.all(writes);
    assert.ok(results.every(({ ok }) => ok));
    const top = Math.max(...results.map(({ rev }) => rev));
    assert.equal(top, (await connect(t).get(path("storm"))).rev);
    const { data } = await connect(t).get(path("storm"));
    for (const collection of collections) {
      await until(collection, () => JSON.stringify(byId(collection.get())) === JSON.stringify(byId(data)));
    }
  });
}

test("the clock is that of the server", options, async t => {
  const { clock } = connect(t);
  const deadline = Date.now() + 10_000;
  while (clock.trans === 0 && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10));
  assert.ok(clock.trans > 0 && clock.trans < 5, `${clock.trans}`);
  assert.ok(Math.abs(clock.now() - Date.now() / 1000 - clock.skew) < 1);
});

test("a subscription to no service fails, with the reason, and others hold", options, async t => {
  const client = connect(t);
  const good = client.acquire_collection(`/client-${run}/items/good`);
  const bad = client.acquire_collection(`/client-${run}/nowhere/x`);
  await assert.rejects(bad.ready, { name: "SharedStateError", code: "not_found" });
  await good.ready;
  const { ok, data, error } = await client.get(`/client-${run}/nowhere/x`);
  assert.deepEqual([ok, data, error.code], [false, "no service", "not_found"]);
});

test("a request that the server refuses resolves with its error", options, async t => {
  const { ok, error } = await connect(t).update(`/client-${run}/items/x`, { insert: [{ id: 5 }] });
  assert.deepEqual([ok, error.code, error.temporary], [false, "bad_request", false]);
});

const byId = items => [...items].sort((a, b) => (a.id < b.id ? -1 : 1));

for (const service of ["items", "mitems"]) {
  const path = name => `/client-${run}/${service}/${name}`;

  test(`${service}: patches and counters change what they name`, options, async t => {
    const collection = connect(t).acquire_collection(path("edits"));
    await collection.insert({ id: "a", color: "red", size: { w: 1, h: 2 } });
    assert.equal((await collection.patch("a", { color: null, size: { h: 3 } })).ok, true);
    assert.deepEqual(collection.get("a"), { id: "a", size: { w: 1, h: 3 } });
    assert.equal((await collection.increment("a", "size.w")).ok, true);
    assert.equal((await collection.update({ inc: [{ id: "a", path: "votes", by: 5 }] })).ok, true);
    assert.deepEqual(collection.get("a"), { id: "a", size: { w: 2, h: 3 }, votes: 5 });
    const wrong = await collection.increment("a", "size");
    assert.equal(wrong.ok || wrong.error.code, "bad_request");
  });

  test(`${service}: an update with unchanged: true meets what the collection shows, or is a conflict`, options, async t => {
    const collection = connect(t).acquire_collection(path("unchanged"));
    const early = await collection.update({ insert: [{ id: "a" }] }, { unchanged: true });
    assert.equal(early.ok || early.error.code, "bad_request");
    await collection.ready;
    await collection.insert({ id: "a", n: 1 });
    assert.equal((await collection.patch("a", { n: 2 }, { unchanged: true })).ok, true);
    // The proxy of this client stands still while another one writes.
    const { Wire, last } = wires();
    const slow = connect(t, { WebSocket: Wire });
    const shown = slow.acquire_collection(path("unchanged"));
    await shown.ready;
    last().onmessage = (receive => event => JSON.parse(event.data).cmd !== "NOTIFY" && receive(event))(last().onmessage);
    await collection.patch("a", { n: 3 });
    const late = await shown.patch("a", { n: 9 }, { unchanged: true });
    assert.equal(late.ok || late.error.code, "conflict");
    assert.deepEqual(late.conflicts, [{ id: "a", item: { id: "a", n: 3 } }]);
    await assert.rejects(shown.patch("a", { n: 9 }, { unchanged: true, throw: true }), { code: "conflict" });
    assert.deepEqual(collection.get("a"), { id: "a", n: 3 });
  });

  test(`${service}: transactions of many clients on one item count exactly`, options, async t => {
    const clients = Array.from({ length: 5 }, () => connect(t).acquire_collection(path("transact")));
    const object = connect(t).acquire_object(path("transact"), "o");
    await Promise.all(clients.map(async collection => {
      for (let n = 0; n < 5; n++) {
        const result = await collection.transact("votes", item => ({ id: "ignored", n: (item?.n ?? 0) + 1 }));
        assert.equal(result.ok, true, JSON.stringify(result));
      }
    }));
    await object.collection.ready;
    await until(object.collection, () => object.collection.get("votes")?.n === 25);
    assert.equal((await object.transact(value => ({ n: (value?.n ?? 0) + 1 }))).ok, true);
    assert.deepEqual(object.get(), { n: 1 });
    const nothing = await object.transact(() => undefined);
    assert.equal(nothing.ok && nothing.data, 0);
    assert.deepEqual(object.get(), { n: 1 });
  });
}
