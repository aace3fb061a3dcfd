import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";
import { A, items, numbers, OPEN, viewing } from "./viewing.js";

test("setView changes the view in place: the old items stay until the new ones are there, then one callback has the differences", async t => {
  const { server, client, network, advance, view, diffs, states, lists } = await viewing(t, OPEN);
  network.latencyMs = 40;
  const kept = view.get("i4");
  const seen = [];
  view.subscribe(({ state, diffs: changes, items: shown }) => seen.push([state, changes.length, shown.length]));
  const changed = view.setView({ filter: { n: { $gt: 2 } } });
  assert.deepEqual([view.state, numbers(view), view.options.filter], ["stale", [2, 4], { n: { $gt: 2 } }]);
  server.update(A, { insert: items(6, 7) }); // 6 belongs to the old view, too.
  await advance(60);
  assert.deepEqual([view.state, numbers(view)], ["stale", [2, 4]]);
  await advance(60);
  assert.equal(await changed, view);
  assert.deepEqual([view.state, numbers(view)], ["live", [3, 4, 6, 7]]);
  assert.deepEqual(diffs, [[["i2", true, false], ["i3", false, true], ["i6", false, true], ["i7", false, true]]]);
  assert.equal(view.get("i4"), kept, "an item that stays is the same object");
  assert.deepEqual([states, seen.slice(1)], [["stale", "live"], [["stale", 0, 2], ["live", 4, 4]]]);
  assert.deepEqual(lists().slice(1), [{ reset: false, remove: [[A, "1"]], insert: [[A, { filter: { n: { $gt: 2 } }, as: "2" }]] }]);
  assert.equal(client.collection(A, { filter: { n: { $gt: 2 } } }), view, "it is found by its new options");
  assert.notEqual(client.collection(A, OPEN), view);
});

test("setView keeps what it does not name, removes what is null, and does nothing if nothing changes", async t => {
  const { view, lists, states } = await viewing(t, { ...OPEN, limit: 1, maxRate: 100 });
  await view.setView({ limit: 1, filter: { done: false } });
  assert.deepEqual([lists().length, states], [1, []]);
  await view.setView({ limit: 2, order: [["n", -1]] });
  assert.deepEqual([numbers(view), view.total], [[4, 2], 2]);
  await view.setView({ filter: null, limit: undefined });
  assert.deepEqual([numbers(view), view.total, view.options], [[4, 3, 2, 1], undefined, { maxRate: 100, order: [["n", -1]] }]);
  await view.setView({ order: null });
  assert.deepEqual(numbers(view), [1, 2, 3, 4], "the same items in another order");
});

test("of several setViews within a round trip the last one counts, and all their promises resolve", async t => {
  const { network, advance, view, diffs, lists } = await viewing(t, { filter: { n: 1 } });
  network.latencyMs = 40;
  const changes = [];
  for (const n of [2, 3, 4]) {
    changes.push(view.setView({ filter: { n } }));
    await advance(20);
  }
  await advance(200);
  assert.deepEqual(await Promise.all(changes), [view, view, view]);
  assert.deepEqual(numbers(view), [4]);
  assert.deepEqual(diffs, [[["i1", true, false], ["i4", false, true]]], "what came for the earlier ones shows nowhere");
  assert.equal(new Set(lists().flatMap(({ insert }) => insert.map(([, { as }]) => as))).size, 3, "the second one was never sent");
});

test("a filter for each keystroke: one view is on its way at a time, and after it only the newest is asked for", async t => {
  const { network, advance, view, diffs, lists } = await viewing(t, OPEN);
  network.latencyMs = 100;
  const changes = [];
  for (let key = 1; key <= 30; key++) {
    changes.push(view.setView({ filter: { n: { $gt: 4 - (key % 5) } } }));
    await advance(33);
  }
  changes.push(view.setView({ filter: { n: 3 } }));
  await advance(500);
  assert.deepEqual(await Promise.all(changes), Array(31).fill(view));
  assert.deepEqual([numbers(view), view.state], [[3], "live"]);
  assert.deepEqual(diffs, [[["i2", true, false], ["i4", true, false], ["i3", false, true]]], "what came for the earlier ones shows nowhere");
  const sent = lists().slice(1);
  assert.ok(sent.length >= 3 && sent.length <= 7, `one view for each round trip of 200 ms, not ${sent.length}`);
  let before = "1";
  for (const { remove, insert } of sent) {
    assert.deepEqual([remove, insert.length], [[[A, before]], 1], "each request ends the view of the one before");
    before = insert[0][1].as;
  }
  assert.deepEqual(sent.at(-1).insert[0][1].filter, { n: 3 });
});

test("a view that was never sent leaves no trace, also if the collection is released or the connection is cut meanwhile", async t => {
  const { client, network, advance, view, lists } = await viewing(t, OPEN);
  const other = await client.collection(A, { filter: { n: 1 } }).ready;
  network.latencyMs = 40;
  for (const n of [2, 3]) void view.setView({ filter: { n } });
  await advance(20);
  for (const n of [4, 5]) void view.setView({ filter: { n } });
  view.release();
  await advance(100);
  assert.deepEqual(lists().slice(2).map(({ remove, insert }) => [remove, insert.map(([, { filter }]) => filter)]),
    [[[[A, "1"]], [{ n: 3 }]], [[[A, "3"]], []]]);
  for (const n of [2, 3]) {
    void other.setView({ filter: { n } });
    await advance(20);
  }
  network.cut();
  await advance(500);
  await other.ready;
  assert.deepEqual(numbers(other), [3]);
  assert.deepEqual(lists().at(-1).insert.map(([, { filter }]) => filter), [{ n: 3 }]);
});

test("a collection that becomes a view keeps its key until the server has answered", async t => {
  const { client, network, advance } = await viewing(t, OPEN);
  network.latencyMs = 40;
  const changing = client.collection("/app/items/b");
  await advance(20);
  const changed = changing.setView({ filter: { n: 1 } });
  const whole = client.collection("/app/items/b");
  await advance(500);
  assert.equal(await changed, changing);
  assert.deepEqual([changing.state, whole.state, whole === changing], ["live", "live", false]);
});

test("a view that the server refuses or drops makes way for the newest", async t => {
  const { network, advance, view, lists } = await viewing(t, OPEN);
  network.latencyMs = 40;
  void view.setView({ filter: { $no: 1 } });
  await advance(20);
  const changed = view.setView({ filter: { n: 3 } });
  await advance(300);
  assert.equal(await changed, view);
  assert.deepEqual([numbers(view), lists().length], [[3], 3]);
});

test("parts of the old view do not mix with those of the new one", async t => {
  const { network, view } = await viewing(t, OPEN);
  const say = message => network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "NOTIFY", path: A, rev: 1, epoch: "e1", ...message }) });
  say({ as: "1", more: true, data: { reset: true, insert: items(8) } });
  const changed = view.setView({ filter: { done: true } });
  say({ as: "1", data: { reset: true, insert: items(10) } });
  assert.deepEqual(numbers(view), [2, 4]);
  await changed;
  assert.deepEqual(numbers(view), [1, 3]);
});

test("two collections that come to have equal options stay two", async t => {
  const { server, client, view } = await viewing(t, OPEN);
  const other = await client.collection(A, { filter: { done: true } }).ready;
  await view.setView({ filter: { done: true } });
  assert.deepEqual([numbers(view), numbers(other)], [[1, 3], [1, 3]]);
  server.update(A, { insert: items(5) });
  await settle();
  assert.deepEqual([numbers(view), numbers(other)], [[1, 3, 5], [1, 3, 5]]);
  other.release();
  server.update(A, { insert: items(7) });
  await settle();
  assert.deepEqual([view.state, numbers(view), other.state, numbers(other)], ["live", [1, 3, 5, 7], "released", [1, 3, 5]]);
});

test("setView on a collection that was acquired several times throws and changes nothing, until the others have given it back", async t => {
  const { client, view, lists } = await viewing(t, OPEN);
  const shared = client.collection(A, OPEN);
  assert.throws(() => view.setView({ filter: { done: true } }), /^Error: \/app\/items\/a was acquired 2 times.* "as" of its own$/);
  assert.deepEqual([view.options, view.state, lists().length], [OPEN, "live", 1]);
  const own = await client.collection(A, { ...OPEN, as: "search" }).ready;
  await own.setView({ filter: { done: true } });
  assert.deepEqual([numbers(own), numbers(view)], [[1, 3], [2, 4]]);
  assert.deepEqual(lists().at(-1).insert, [[A, { filter: { done: true }, as: "search.2" }]]);
  shared.release();
  await view.setView({ filter: { done: true } });
  assert.deepEqual(numbers(view), [1, 3]);
});

test("setView takes fields of a view only, and throws once the collection is released", async t => {
  const { view } = await viewing(t, OPEN);
  const message = 'unknown option "limitt": the options are filter, order, limit, after, fields';
  assert.throws(() => view.setView({ limitt: 5 }), { name: "TypeError", message });
  assert.throws(() => view.setView([]), TypeError);
  assert.throws(() => view.setView({ filter: { n: 1n } }), /options\.filter\.n is a BigInt/);
  view.release();
  assert.throws(() => view.setView({ limit: 1 }), /was released/);
});

test("a reconnect resumes a view from its position, and asks for a changed view as a whole", async t => {
  const { server, client, network, advance, view, lists } = await viewing(t, OPEN);
  const all = await client.collection(A).ready;
  network.cut();
  await advance(200);
  assert.deepEqual(lists().at(-1).insert, [[A, { ...OPEN, as: "1", since: 1, epoch: "e1" }], [A, { since: 1, epoch: "e1" }]]);
  server.muted = true;
  const changed = view.setView({ filter: { done: true } });
  await settle();
  network.cut();
  server.muted = false;
  server.update(A, { insert: items(5) });
  await advance(300);
  assert.deepEqual(lists().at(-1).insert, [[A, { since: 1, epoch: "e1" }], [A, { filter: { done: true }, as: "2" }]]);
  await changed;
  assert.deepEqual([numbers(view), all.size], [[1, 3, 5], 5]);
});

test("a view that the server refuses fails alone, keeps the items of the view before, and may be changed again", async t => {
  const { client, view, states } = await viewing(t, OPEN);
  const all = client.collection(A);
  await assert.rejects(view.setView({ filter: { $no: 1 } }), { code: "bad_request", message: `${A}: filter.$no: unknown operator` });
  assert.deepEqual([view.state, view.error.code, numbers(view), all.state], ["failed", "bad_request", [2, 4], "live"]);
  await view.setView({ filter: { done: true } });
  assert.deepEqual([numbers(view), states], [[1, 3], ["stale", "failed", "pending", "live"]]);
});

test("a refusal of the view before does not fail the changed one", async t => {
  const { client, network, advance } = setUp(t);
  await client.collection("/app/items/b").ready;
  network.latencyMs = 40;
  const view = client.collection(A, { filter: { $no: 1 } });
  await advance(20);
  const changed = view.setView(OPEN);
  await advance(200);
  assert.equal(await changed, view);
  assert.equal(view.state, "live");
});

test("a setView that waits when the client closes is rejected", async t => {
  const { client, server, view } = await viewing(t, OPEN);
  server.muted = true;
  const changed = view.setView({ filter: { done: true } });
  client.close();
  await assert.rejects(changed, { code: "disconnected" });
  server.muted = false;
  await client.connect();
  await view.ready;
  assert.deepEqual(numbers(view), [1, 3]);
});

test("a refusal for the moment is not tried again for the view before", async t => {
  const { server, view, advance, lists } = await viewing(t, OPEN);
  server.refusals.set(A, { code: "unavailable", message: "soon" });
  void view.setView({ limit: 1 });
  await settle();
  server.refusals.clear();
  await view.setView({ limit: 2 });
  await advance(60_000);
  assert.equal(lists().length, 3);
});

test("a view of a page that cannot be asked for is no unhandled rejection", async t => {
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  const { view } = await viewing(t, OPEN);
  void view.setView({ filter: { $no: 1 } });
  await settle();
  assert.equal(view.state, "failed");
  assert.equal(unhandled.mock.callCount(), 0);
});

test("a view that waits for a token is asked for once if it changes meanwhile", async t => {
  const { server, client, network, advance, view, lists } = await viewing(t, OPEN);
  server.authenticate = () => ({ user: "ann", claims: {}, expires: null });
  client.setToken(() => "token");
  await settle();
  network.latencyMs = 40;
  const before = lists().length;
  const error = { code: "unauthorized", message: "the token has expired", temporary: false };
  network.last.onmessage({ data: JSON.stringify({ type: "MESSAGE", cmd: "DROP", path: A, as: "1", error }) });
  await advance(20);
  const changed = view.setView({ filter: { done: true } });
  await advance(300);
  await changed;
  await advance(30_000);
  assert.deepEqual([lists().length - before, numbers(view)], [1, [1, 3]]);
});
