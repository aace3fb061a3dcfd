// What a slow link does to the heartbeat and to the waits for answers, on fakes and with fake time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/chnl";
const notify = (network, fields) =>
  network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "NOTIFY", path: PATH, ...fields }) });

/** Whether a promise has settled, as a function. */
function watch(promise) {
  let result;
  void promise.then(value => { result = value; });
  return () => result;
}

test("each subscription asks for parts of 16 KiB", async t => {
  const { server, client, network, advance } = setUp(t);
  client.acquire_collection(PATH, { maxRate: 5 });
  await settle();
  network.cut();
  await advance(200);
  const options = server.received.filter(({ path }) => path === "/subs").map(({ arg }) => arg.insert[0][1]);
  assert.deepEqual(options, [{ maxRate: 5, part: 16384 }, { maxRate: 5, part: 16384, since: 0, epoch: "e1" }]);
});

test("parts are applied together, when the last one has come; other messages may come between", async t => {
  const { client, network } = setUp(t);
  const collection = client.acquire_collection(PATH);
  const other = client.acquire_collection("/app/items/other");
  await settle();
  const changes = [];
  collection.add_callback(diffs => changes.push(diffs.map(({ id }) => id)));
  const position = { rev: 9, epoch: "e2" };
  notify(network, { ...position, data: { reset: true, insert: [{ id: "a" }, { id: "b" }] }, total: 4, more: true });
  notify(network, { ...position, data: { reset: true, insert: [{ id: "c" }] }, total: 4, more: true });
  await other.update({ insert: [{ id: "x" }] });
  assert.deepEqual([changes, collection.size, other.size], [[], 0, 1]);
  notify(network, { ...position, data: { reset: true, insert: [{ id: "d" }] }, total: 4 });
  assert.deepEqual(changes, [["a", "b", "c", "d"]]);
  notify(network, { ...position, rev: 10, prev: 9, data: { remove: ["a"], insert: [{ id: "e" }] }, more: true });
  notify(network, { ...position, rev: 10, prev: 9, data: { remove: ["b", "e"], insert: [] } });
  assert.deepEqual(changes[1], ["a", "b", "e"], "all removals go first, then all inserts");
  assert.deepEqual(collection.get().map(({ id }) => id), ["c", "d", "e"]);
});

test("parts whose rest was lost with the connection are forgotten, and the resume asks from the last whole state", async t => {
  const { client, network, advance, lists } = setUp(t);
  const collection = client.acquire_collection(PATH);
  await collection.update({ insert: [{ id: "x" }] });
  notify(network, { rev: 5, epoch: "e1", prev: 1, data: { insert: [{ id: "lost" }] }, more: true });
  network.cut();
  await advance(200);
  assert.deepEqual(lists().at(-1).insert, [[PATH, { since: 1, epoch: "e1" }]]);
  await collection.update({ insert: [{ id: "y" }] });
  assert.deepEqual(collection.get().map(({ id }) => id), ["x", "y"]);
});

test("parts of a new answer replace the parts of one that the server broke off", async t => {
  const { client, network } = setUp(t);
  const collection = client.acquire_collection(PATH);
  await settle();
  notify(network, { rev: 5, epoch: "e1", data: { reset: true, insert: [{ id: "old" }] }, more: true });
  notify(network, { rev: 6, epoch: "e1", data: { reset: true, insert: [{ id: "new" }] }, more: true });
  notify(network, { rev: 6, epoch: "e1", data: { reset: true, insert: [{ id: "newer" }] } });
  assert.deepEqual(collection.get().map(({ id }) => id), ["new", "newer"]);
});

test("a request that keeps leaving, however slowly, is no timeout until 15 s after it has left", async t => {
  const { server, client, network, advance } = setUp(t);
  await client.get("/clock");
  server.muted = true;
  const result = watch(client.update(PATH, { insert: [{ id: "a", text: "x".repeat(1000) }] }));
  for (let left = 900; left >= 0; left -= 20) {
    network.last.bufferedAmount = left;
    await advance(2000);
  }
  assert.equal(result(), undefined, "90 s of bytes that leave");
  assert.equal(network.sockets.length, 1);
  await advance(12_000);
  assert.equal(result(), undefined);
  await advance(8000);
  assert.equal(result().error.code, "timeout");
});

test("a message that leaves the buffer as a whole, and what the network buffers, has the time that its bytes take at 16 KiB/s", async t => {
  const { server, client, network, advance } = setUp(t);
  await client.get("/clock");
  server.muted = true;
  const result = watch(client.update(PATH, { insert: [{ id: "a", text: "x".repeat(2 ** 20) }] }));
  network.last.bufferedAmount = 2 ** 20;
  await advance(60_000);
  network.last.bufferedAmount = 0;
  assert.deepEqual([result(), network.sockets.length], [undefined, 1]);
  await advance(100_000);
  assert.equal(result().ok, false);
});

test("while replies to earlier requests come, the later ones wait", async t => {
  const { server, client, network, advance } = setUp(t);
  await client.get("/clock");
  server.muted = true;
  const results = Array.from({ length: 20 }, () => watch(client.get(PATH)));
  const tunnels = server.received.slice(-20).map(({ tunnel }) => tunnel);
  for (const tunnel of tunnels) {
    await advance(10_000);
    network.last.onmessage({ data: JSON.stringify({ type: "REPLY", tunnel, ok: true, data: [] }) });
  }
  await settle();
  assert.deepEqual(results.map(result => result().ok), Array(20).fill(true));
});

test("a request that is passed over is a timeout, whatever else is answered", async t => {
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  const { receive } = network.last.connection;
  network.last.connection.receive = text => text.includes(PATH) || receive(text);
  const result = watch(client.get(PATH));
  for (let n = 0; n < 9; n++) {
    await advance(2000);
    await client.get("/clock");
  }
  assert.equal(result().error.code, "timeout");
});

test("while parts come an answer may wait for ever; other messages excuse its absence for a minute", async t => {
  const { client, network, advance, server } = setUp(t);
  client.acquire_collection(PATH);
  await settle();
  server.muted = true;
  const result = watch(client.get(PATH));
  for (let n = 0; n < 60; n++) {
    await advance(5000);
    notify(network, { rev: 9, epoch: "e1", prev: 0, data: { insert: [{ id: `${n}` }] }, more: true });
  }
  assert.equal(result(), undefined);
  notify(network, { rev: 9, epoch: "e1", prev: 0, data: {} });
  for (let n = 0; n < 11; n++) {
    await advance(5000);
    notify(network, { rev: 10 + n, epoch: "e1", prev: 9 + n, data: {} });
  }
  assert.equal(result(), undefined);
  for (let n = 11; n < 20; n++) {
    await advance(5000);
    notify(network, { rev: 10 + n, epoch: "e1", prev: 9 + n, data: {} });
  }
  assert.equal(result().error.code, "timeout");
});

test("requests without an answer are given up together, not one after the other", async t => {
  const { server, client, network, advance } = setUp(t);
  const collection = client.acquire_collection(PATH);
  await collection.ready;
  server.muted = true;
  const results = Array.from({ length: 10 }, () => watch(client.get(PATH)));
  await advance(18_000);
  assert.deepEqual(results.map(result => result()?.error.code), Array(10).fill("timeout"));
  assert.equal(network.sockets.length, 1);
});

test("after a false alarm the next connection waits twice as long, up to eight times; an answered question ends that", async t => {
  const { server, network, advance } = setUp(t);
  // A link on which only the first message comes in time: a large message, say, holds up all others.
  const deaf = () => { server.muted = true; };
  const says = () => network.last.onmessage({ data: "{}" });
  await settle();
  const waits = [];
  for (let n = 0; n < 5; n++) {
    says();
    deaf();
    const before = network.sockets.length;
    let waited = 0;
    for (; network.sockets.length === before; waited += 1000) await advance(1000);
    waits.push(waited);
    await settle();
  }
  assert.deepEqual(waits.map(ms => Math.round(ms / 25_000)), [1, 2, 4, 8, 8]);
  server.muted = false;
  await advance(20_000);
  server.muted = true;
  const before = network.sockets.length;
  await advance(26_000);
  assert.equal(network.sockets.length, before + 1);
});

test("an alarm was right if the next attempt fails: the wait is the usual one again", async t => {
  const { server, network, advance } = setUp(t);
  await settle();
  network.last.onmessage({ data: "{}" });
  server.muted = true;
  network.mode = "refuse";
  await advance(30_000);
  network.mode = "open";
  await advance(10_000);
  const before = network.sockets.length;
  network.last.onmessage({ data: "{}" });
  await advance(25_000);
  assert.equal(network.sockets.length, before + 1);
});

test("a request that is larger than the server's messages is refused and not sent, and the others go on", async t => {
  const { server, client } = setUp(t);
  server.limits = { message: 1024 };
  await client.get("/clock");
  const items = [{ id: "a", text: "ä".repeat(500) }];
  const [large, small] = await Promise.all([client.update(PATH, { insert: items }), client.update(PATH, { insert: [{ id: "b" }] })]);
  assert.deepEqual([large.ok, large.error.code, large.error.temporary], [false, "too_large", false]);
  assert.match(large.error.message, /not sent: the request has \d+ bytes, the server takes at most 1024: send less/);
  assert.equal(small.ok, true);
  assert.deepEqual(server.items(PATH), [{ id: "b" }]);
});

test("until the server has named its limit it is 16 MiB", async t => {
  const { client } = setUp(t);
  await client.get("/clock");
  const update = length => client.update(PATH, { insert: [{ id: "a", text: "x".repeat(length) }] });
  assert.equal((await update(2 ** 24)).error.code, "too_large");
  assert.equal((await update(2 ** 24 - 1000)).ok, true);
});
