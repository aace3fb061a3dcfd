import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

const A = "/app/items/a", B = "/app/items/b", C = "/app/items/c";

test("collections acquired before the connection is up are subscribed in one request", async t => {
  const { client, lists } = setUp(t);
  client.acquire_collection(A);
  client.acquire_collection("app/items/b", { maxRate: 5 });
  await settle();
  assert.deepEqual(lists(), [{ insert: [[A, {}], [B, { maxRate: 5 }]] }]);
});

test("a collection acquired while connected is subscribed at once, those acquired together in one request", async t => {
  const { server, client, lists } = setUp(t);
  server.update(B, { insert: [{ id: "x" }] });
  await settle();
  client.acquire_collection(A);
  const b = client.acquire_collection(B);
  await b.ready;
  assert.equal(b.has("x"), true);
  assert.deepEqual(lists(), [{ insert: [[A, {}], [B, {}]] }]);
});

test("once the server has shown a revision, only changes of the list are sent", async t => {
  const { client, lists } = setUp(t);
  await client.acquire_collection(A).ready;
  await client.acquire_collection(B, { conflate: true }).ready;
  client.release(A);
  client.acquire_collection(C);
  await settle();
  assert.deepEqual(lists().slice(1), [
    { reset: false, remove: [], insert: [[B, { conflate: true }]] },
    { reset: false, remove: [A], insert: [[C, {}]] },
  ]);
});

test("an older server always gets the whole list, and everything works", async t => {
  const { server, client, network, advance, lists } = setUp(t, { extended: false });
  const a = await client.acquire_collection(A).ready;
  const b = await client.acquire_collection(B).ready;
  const changes = [];
  a.add_callback(diffs => changes.push(diffs));
  await a.update({ insert: [{ id: "x", n: 1 }] });
  client.acquire_collection(C);
  await settle();
  client.release(B);
  await settle();
  server.update(A, { insert: [{ id: "y" }] });
  await settle();
  assert.deepEqual(lists(), [
    { insert: [[A, {}]] },
    { insert: [[A, {}], [B, {}]] },
    { insert: [[A, {}], [B, {}], [C, {}]] },
    { insert: [[A, {}], [C, {}]] },
  ]);
  assert.equal(b.state, "released");
  network.cut();
  server.update(A, { remove: ["y"] });
  await advance(200);
  assert.deepEqual(a.get(), [{ id: "x", n: 1 }]);
  assert.deepEqual(changes.flat().map(({ id, old }) => [id, old === undefined]), [["x", true], ["y", true], ["y", false]], "whole collections sent again are no diffs");
});

test("a reconnect goes on from the last position and gets only what changed", async t => {
  const { server, client, network, advance, lists } = setUp(t);
  server.update(A, { insert: [{ id: "x", n: 1 }, { id: "y", n: 1 }] });
  const a = await client.acquire_collection(A, { maxRate: 9 }).ready;
  const changes = [];
  a.add_callback(diffs => changes.push(...diffs));
  network.cut();
  server.update(A, { remove: ["x"], insert: [{ id: "z" }] });
  await advance(200);
  assert.deepEqual(lists().at(-1), { insert: [[A, { maxRate: 9, since: 1, epoch: "e1" }]] });
  assert.deepEqual(changes.map(({ id }) => id), ["x", "z"]);
  assert.equal(a.state, "live");
});

test("a reconnect after which nothing changed makes the collection live again and calls no callback", async t => {
  const { client, network, advance } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }] });
  a.add_callback(() => assert.fail());
  network.cut();
  assert.equal(a.state, "stale");
  await advance(200);
  assert.equal(a.state, "live");
});

test("another epoch brings the whole collection", async t => {
  const { server, client, network, advance } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }, { id: "y" }] });
  network.cut();
  server.epoch = "e2";
  server.update(A, { reset: true, insert: [{ id: "y" }] });
  await advance(200);
  assert.deepEqual(a.get(), [{ id: "y" }]);
  await a.update({ insert: [{ id: "z" }] });
  assert.equal(a.size, 2);
});

test("on a reconnect to an older server, which knows no positions, the collection is right too", async t => {
  const { server, client, network, advance } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }, { id: "y" }] });
  network.cut();
  server.extended = false;
  server.update(A, { remove: ["x"] });
  await advance(200);
  assert.deepEqual(a.get(), [{ id: "y" }]);
  await a.update({ remove: ["y"] });
  assert.equal(a.size, 0);
});

test("a change that is known already is ignored, one that overlaps is applied", async t => {
  const { server, client } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x", n: 1 }] });
  await a.update({ insert: [{ id: "x", n: 2 }] });
  server.say(A, { insert: [{ id: "x", n: 1 }] }, { rev: 2, epoch: "e1", prev: 1 });
  await settle();
  assert.deepEqual(a.get("x"), { id: "x", n: 2 });
  server.say(A, { insert: [{ id: "x", n: 4 }] }, { rev: 4, epoch: "e1", prev: 1 });
  await settle();
  assert.deepEqual(a.get("x"), { id: "x", n: 4 });
});

test("a gap is noticed: the collection is stale, subscribes once from where it is, and gets what it missed", async t => {
  const { server, client, lists } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }] });
  server.muted = true;
  server.update(A, { insert: [{ id: "missed" }] });
  server.muted = false;
  server.update(A, { insert: [{ id: "y" }] });
  server.update(A, { insert: [{ id: "z" }] });
  const states = [];
  a.add_state_callback(state => states.push(state));
  await settle();
  assert.deepEqual(lists().slice(1), [{ reset: false, remove: [], insert: [[A, { since: 1, epoch: "e1" }]] }]);
  assert.deepEqual(a.get().map(({ id }) => id).sort(), ["missed", "x", "y", "z"]);
  assert.deepEqual(states, ["stale", "live"]);
});

test("changes that follow a gap ask for no second resume", async t => {
  const { server, client, network, lists } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }] });
  server.muted = true;
  for (const rev of [3, 4]) {
    network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "NOTIFY", path: A, data: { insert: [{ id: "y" }] }, rev, epoch: "e1", prev: rev - 1 }) });
    await settle();
  }
  assert.equal(lists().length, 2);
  assert.deepEqual([a.state, a.size], ["stale", 1]);
});

test("a change of another epoch is a gap too, whatever its revision", async t => {
  const { server, client } = setUp(t);
  const a = client.acquire_collection(A);
  await a.update({ insert: [{ id: "x" }] });
  server.muted = true;
  server.epoch = "e2";
  server.update(A, { reset: true, insert: [{ id: "z" }] });
  server.muted = false;
  server.say(A, { insert: [{ id: "y" }] }, { rev: 2, epoch: "e2", prev: 1 });
  await settle();
  assert.deepEqual(a.get(), [{ id: "z" }]);
  assert.equal(a.state, "live");
});

for (const extended of [true, false]) {
  const server = extended ? "a server with positions" : "an older server";
  test(`released and acquired again in one go, what comes from ${server} for the old subscription does not reach the new collection`, async t => {
    const { server, client } = setUp(t, { extended });
    const old = client.acquire_collection(A);
    await old.update({ insert: [{ id: "x" }] });
    server.update(A, { insert: [{ id: "y" }] });
    client.release(A);
    const fresh = client.acquire_collection(A);
    const changes = [];
    fresh.add_callback(diffs => changes.push(diffs.map(({ id }) => id)));
    await settle();
    assert.deepEqual(changes, [["x", "y"]]);
  });
}

test("released while its subscription is under way, a collection stays released", async t => {
  const { client, lists, server } = setUp(t);
  await client.acquire_collection(A).ready;
  const b = client.acquire_collection(B);
  await Promise.resolve();
  client.release(B);
  await settle();
  assert.deepEqual(lists().at(-1), { reset: false, remove: [B], insert: [] });
  server.update(B, { insert: [{ id: "x" }] });
  await settle();
  assert.equal(b.size, 0);
});

test("a refused subscription fails: ready rejects with the code, others go on, and the next connection tries again", async t => {
  const { server, client, network, advance } = setUp(t);
  server.refusals.set(B, { code: "not_found", message: "no such service" });
  const a = client.acquire_collection(A);
  const b = client.acquire_collection(B);
  await a.ready;
  await assert.rejects(b.ready, { name: "SharedStateError", code: "not_found", temporary: false, message: `${B}: no such service` });
  assert.deepEqual([a.state, b.state], ["live", "failed"]);
  await client.acquire_collection(C).ready;
  assert.equal(b.state, "failed");
  server.refusals.clear();
  network.cut();
  await advance(200);
  await b.ready;
  assert.equal(b.state, "live");
});

test("a subscription that the server ends fails, keeps what it holds, and is tried again with the next connection", async t => {
  const { server, client, network, advance, lists } = setUp(t);
  server.update(A, { insert: [{ id: "x" }] });
  const a = await client.acquire_collection(A).ready;
  const b = await client.acquire_collection(B).ready;
  server.drop(A, { code: "not_found", message: "the service is gone", temporary: false });
  await settle();
  assert.deepEqual([a.state, a.has("x"), b.state], ["failed", true, "live"]);
  await client.acquire_collection(C).ready;
  assert.deepEqual(lists().at(-1).insert.map(([path]) => path), [C], "what was ended is not asked for again on this connection");
  network.cut();
  await advance(200);
  await a.ready;
  assert.equal(a.state, "live");
});

test("a subscription that the server ends for the moment is tried again", async t => {
  const { server, client, advance, lists } = setUp(t);
  const a = await client.acquire_collection(A).ready;
  server.drop(B, { code: "not_found", message: "never asked for", temporary: false });
  server.drop(A, { code: "unavailable", message: "soon", temporary: true });
  server.update(A, { insert: [{ id: "x" }] });
  await settle();
  assert.equal(a.state, "stale");
  await advance(200);
  assert.equal(lists().length, 2);
  assert.deepEqual([a.state, a.has("x")], ["live", true]);
});

test("an older server's refusal of everything fails all", async t => {
  const { server, client, lists } = setUp(t, { extended: false });
  server.refusals.set(A, {});
  const a = client.acquire_collection(A);
  await assert.rejects(a.ready, { code: "failed" });
  await client.acquire_collection(B).ready;
  assert.deepEqual(lists().at(-1), { insert: [[B, {}]] }, "what it has refused it is not asked again on this connection");
});

test("a refusal that comes after the release changes neither the released collection nor the next", async t => {
  const { server, client } = setUp(t);
  await client.connectedPromise();
  server.refusals.set(A, { code: "not_found", message: "not yet" });
  const released = client.acquire_collection(A);
  await Promise.resolve();
  assert.equal(server.received.length, 1);
  client.release(A);
  server.refusals.clear();
  const states = [];
  client.acquire_collection(A).add_state_callback(state => states.push(state));
  await settle();
  assert.deepEqual(states, ["live"]);
  assert.equal(released.state, "released");
});

test("a list that the connection took with it is sent again once, with the next connection", async t => {
  const { server, client, network, advance, lists } = setUp(t);
  await client.get("/clock");
  server.muted = true;
  const a = client.acquire_collection(A);
  await settle();
  network.cut();
  server.muted = false;
  await advance(60_000);
  assert.equal(a.state, "live");
  assert.equal(lists().length, 2);
});

test("a refusal for the moment is tried again with growing waits, until it holds", async t => {
  const { server, client, network, advance, lists } = setUp(t);
  const away = { code: "unavailable", message: "the storage is away" };
  server.refusals.set(A, away);
  const a = client.acquire_collection(A);
  await settle();
  assert.equal(lists().length, 1);
  await advance(200);
  assert.equal(a.state, "pending");
  assert.equal(lists().length, 2);
  await advance(400);
  assert.equal(lists().length, 3);
  server.refusals.clear();
  await advance(1000);
  assert.equal(a.state, "live");
  await advance(60_000);
  assert.equal(lists().length, 4);

  network.cut();
  server.refusals.set(A, away);
  await advance(200);
  assert.equal(lists().length, 5);
  await advance(200);
  assert.equal(lists().length, 6, "after a success the waits begin anew");
});

test("a list without an answer is sent again", async t => {
  const { server, client, advance, lists } = setUp(t, { timeoutMs: 1000 });
  server.muted = true;
  const a = client.acquire_collection(A);
  await advance(1820);
  server.muted = false;
  await advance(200);
  assert.equal(a.state, "live");
  assert.equal(lists().length, 2);
});

test("a refusal that is not looked at is no unhandled rejection", async t => {
  const { server, client } = setUp(t);
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  server.refusals.set(A, { code: "forbidden", message: "no" });
  client.acquire_collection(A);
  void client.acquire_collection(B).ready;
  client.connectedPromise();
  client.close();
  await settle();
  assert.equal(unhandled.mock.callCount(), 0);
});

test("closed, a collection that holds nothing fails at once; connect makes it wait again", async t => {
  const { client } = setUp(t, { mode: "hang" });
  const a = client.acquire_collection(A);
  client.close();
  await assert.rejects(a.ready, { code: "disconnected" });
  const b = client.acquire_collection(B);
  await assert.rejects(b.ready, { code: "disconnected" });
  void client.connect();
  assert.deepEqual([a.state, b.state], ["pending", "pending"]);
});

test("collections that are acquired one by one within a round trip are sent in two lists, and each gets one snapshot", async t => {
  const { server, client, network, advance, lists } = setUp(t);
  network.latencyMs = 75;
  await client.connectedPromise();
  const snapshots = [];
  client.on_message = text => {
    const { cmd, path, data } = JSON.parse(text);
    if (cmd === "NOTIFY" && data.reset) snapshots.push(path);
  };
  const collections = [];
  for (let n = 0; n < 40; n++) {
    collections.push(client.acquire_collection(`/app/items/${n}`));
    await advance(20);
  }
  await advance(400);
  assert.ok(collections.every(({ state }) => state === "live"));
  assert.equal(snapshots.length, 40);
  assert.equal(lists()[0].insert.length, 1);
  assert.ok(lists().slice(1).every(({ reset }) => reset === false));
  assert.equal(server.received.every(({ path }) => path === "/subs"), true);
});

test("a server that names its limits has told by its first reply that it takes changes of the list", async t => {
  const { server, client, lists } = setUp(t);
  server.limits = { message: 1 << 24 };
  await client.get("/clock");
  client.acquire_collection(A);
  await settle();
  assert.deepEqual(lists(), [{ reset: false, remove: [], insert: [[A, {}]] }]);
});

test("an update waits behind the subscription that has to wait, and shows when it is answered", async t => {
  const { client, network, advance, server } = setUp(t);
  network.latencyMs = 75;
  client.acquire_collection(A);
  await advance(20);
  const b = client.acquire_collection(B);
  const updated = b.update({ insert: [{ id: "x" }] }).then(() => b.has("x"));
  await advance(600);
  assert.equal(await updated, true);
  assert.deepEqual(server.received.map(({ path }) => path), ["/subs", "/subs", B]);
});

test("an older server gets the rest in one list, once it has shown what it is", async t => {
  const { client, network, advance, lists } = setUp(t, { extended: false });
  network.latencyMs = 75;
  const collections = [];
  for (let n = 0; n < 10; n++) {
    collections.push(client.acquire_collection(`/app/items/${n}`));
    await advance(20);
  }
  await advance(400);
  assert.ok(collections.every(({ state }) => state === "live"));
  assert.deepEqual(lists().map(({ reset }) => reset), lists().map(() => undefined));
  assert.ok(lists().length <= 4, `${lists().length} lists`);
});

test("a first list that fails as a whole holds nothing up", async t => {
  const { client, server } = setUp(t, { extended: false });
  server.refusals.set(A, {});
  client.acquire_collection(A);
  await Promise.resolve();
  const b = client.acquire_collection(B);
  const result = b.update({ insert: [{ id: "x" }] });
  assert.equal((await result).ok, true);
  await settle();
  assert.equal(b.has("x"), true);
});

test("equal path and options share a subscription; other options of a path have one of their own, with a name", async t => {
  const { server, client, lists, network, advance } = setUp(t);
  server.update(A, { insert: [{ id: "x" }] });
  const plain = client.collection(A);
  const slow = client.collection(A, { maxRate: 5 });
  assert.equal(client.collection(A, { maxRate: 5 }), slow);
  assert.equal(client.collection("//app/items/a/"), plain);
  assert.equal(client.acquire_collection(A), plain);
  await Promise.all([plain.ready, slow.ready]);
  assert.deepEqual(lists()[0].insert, [[A, {}], [A, { maxRate: 5, as: "1" }]]);
  server.update(A, { insert: [{ id: "y" }] });
  await settle();
  assert.deepEqual([plain.size, slow.size], [2, 2]);
  network.cut();
  server.update(A, { remove: ["x"] });
  await advance(200);
  assert.deepEqual([plain.size, slow.size], [1, 1]);
  slow.release();
  slow.release();
  await settle();
  assert.deepEqual(lists().at(-1), { reset: false, remove: [[A, "1"]], insert: [] });
  server.update(A, { remove: ["y"] });
  await settle();
  assert.deepEqual([plain.size, slow.size, slow.state], [0, 1, "released"]);
  client.release(A);
  assert.equal(plain.state, "released");
});

test("a named subscription is refused, or ended, apart from that of the path", async t => {
  const { client, network } = setUp(t);
  const plain = client.collection(A);
  const named = client.collection(A, { maxRate: 5 });
  await named.ready;
  named.add_state_callback(() => {});
  const error = { code: "forbidden", message: "no", temporary: false };
  network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "DROP", path: A, as: "1", error }) });
  assert.deepEqual([plain.state, named.state], ["live", "failed"]);
});

test("an older server, which knows no names, feeds all subscriptions of a path", async t => {
  const { server, client } = setUp(t, { extended: false });
  const [plain, named] = [client.collection(A), client.collection(A, { maxRate: 5 })];
  await Promise.all([plain.ready, named.ready]);
  server.update(A, { insert: [{ id: "x" }] });
  await settle();
  assert.deepEqual([plain.size, named.size], [1, 1]);
});
