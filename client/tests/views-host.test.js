// Views against the real host; SHAREDSTATE_URL=ws://... takes one that runs already.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { viewed } from "./fake-views.js";
import { random } from "./random.js";
import { noHost, RealHost } from "./real-host.js";
import { until } from "./until.js";

let url = process.env.SHAREDSTATE_URL;
const options = { timeout: 60_000, skip: !url && noHost };
if (!url && !noHost) {
  const host = new RealHost();
  before(async () => { url = (await host.start()).origin; });
  after(() => host.end());
}
const run = Math.random().toString(36).slice(2, 10); // No run meets the items of another.

function connect(t, more = {}) {
  const client = new SharedStateClient(url, { WebSocket, ...more });
  t.after(() => client.dispose());
  return client;
}

const SCALARS = [null, true, false, 0, -0, -1.5, 1e300, 2, 10, "", "a", "ab", "B", "ä", "\u{1F600}", "\uFFFD", "\0", "10"];
const LIMITS = [1, 2, 5, 13, 30];

test("a window has the first items as the client sorts them, whatever their types", options, async t => {
  const path = `/views-${run}/mitems/order`;
  const client = connect(t);
  for (let seed = 1; seed <= 20; seed++) {
    const below = random(seed);
    const pick = list => list[below(list.length)];
    const value = depth => {
      const kind = below(depth > 2 ? 1 : 4);
      if (kind < 2) return pick(SCALARS);
      const values = Array.from({ length: below(4) }, () => value(depth + 1));
      return kind === 2 ? values : Object.fromEntries(values.map(one => [pick(["a", "b", "0", "1"]), one]));
    };
    const items = Array.from({ length: 40 }, (_, n) => ({ id: `${pick(["", "ä", "\u{1F600}", "\uFFFD", "Z"])}${n}`, a: value(0), ...(below(4) && { b: value(0) }) }));
    await client.update(path, { reset: true, insert: items });
    const entry = () => [pick(["a", "b", "a.b", "b.a", "a.0", "a.1.b", "c"]), pick([1, -1])];
    const order = [...new Map(Array.from({ length: 1 + below(3) }, entry))]; // each path once
    const sorted = await client.collection(path, { order }).ready;
    assert.equal(sorted.size, items.length);
    for (const limit of LIMITS) {
      const window = await client.get(path, { order, limit });
      assert.equal(window.total, items.length);
      const wanted = sorted.items.slice(0, limit);
      const byId = list => list.map(item => JSON.stringify(item)).sort();
      assert.deepEqual(byId(window.data), byId(wanted), `seed ${seed}, order ${JSON.stringify(order)}, limit ${limit}`);
    }
    sorted.release();
  }
});

/** What a view should hold, sorted: a naive evaluation. */
function expected(all, { filter, order = [["id", 1]], limit }) {
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const { items, total } = viewed(all, { filter, order, limit });
  const keysOf = item => [...order.map(([path]) => item[path]), item.id];
  const directions = [...order.map(([, direction]) => direction), 1];
  const place = (a, b) => keysOf(a).map((key, n) => compare(key, keysOf(b)[n]) * directions[n]).find(Boolean) ?? 0;
  return { items: items.sort(place), total };
}

test("random views, changes of views, updates and cuts end with what a naive evaluation gives", options, async t => {
  for (let seed = 1; seed <= 10; seed++) {
    const below = random(seed);
    const pick = list => list[below(list.length)];
    const path = `/views-${run}/${pick(["items", "mitems"])}/random-${seed}`;
    const sockets = [];
    class Wire extends WebSocket {
      constructor(address) {
        super(address);
        sockets.push(this);
      }
    }
    const [client, writer] = [connect(t, { WebSocket: Wire }), connect(t)];
    const item = () => ({ id: `${below(40)}`, n: below(10), kind: pick(["a", "b"]) });
    const view = () => ({
      filter: pick([null, { kind: "a" }, { n: { $gt: 4 } }, { kind: "b", n: { $lt: 7 } }, { kind: { $in: ["a", "c"] } }]),
      order: pick([null, [["n", 1]], [["n", -1], ["kind", 1]]]),
      limit: pick([null, 1, 5, 100]),
    });
    const views = Array.from({ length: 6 }, (_, n) => client.collection(path, { ...view(), as: `v${n}` }));
    const steps = [
      () => writer.update(path, { insert: [item(), item(), item()], remove: [`${below(40)}`] }),
      () => writer.update(path, { patch: [{ id: `${below(40)}`, n: below(10), kind: "a" }] }),
      () => pick(views).update({ insert: [item()] }),
      () => void pick(views).setView(view()),
      () => void pick(views).setView(view()),
      () => below(3) === 0 && sockets.at(-1).terminate(),
      () => below(4) === 0 && writer.update(path, { reset: true, insert: [item(), item()] }),
    ];
    for (let n = 0; n < 60; n++) await pick(steps)();
    await Promise.all(views.map(collection => until(collection, () => collection.state === "live")));
    await client.update(path, { insert: [item()] }); // The answer follows the changes of all views.
    const { data } = await writer.get(path);
    for (const collection of views) {
      const wanted = expected(data, collection.options);
      assert.deepEqual(collection.items, wanted.items, `seed ${seed}, ${JSON.stringify(collection.options)}`);
      await until(collection, () => collection.total === wanted.total); // A total alone may come a second later.
    }
  }
});

for (const service of ["items", "mitems"]) {
  const path = name => `/views-${run}/${service}/${name}`;

  test(`${service}: my tasks enter and leave with the updates of another client`, options, async t => {
    const [ann, bob] = [connect(t), connect(t)];
    const mine = await ann.collection(path("tasks"), { filter: { owner: "ann", done: false } }).ready;
    const tasks = bob.collection(path("tasks"));
    const changes = [];
    mine.add_callback(diffs => changes.push(diffs.map(({ id, new: item }) => `${id}${item ? "+" : "-"}`).join()));
    await tasks.insert([{ id: "a", owner: "ann", done: false }, { id: "b", owner: "bob", done: false }]);
    await tasks.update({ patch: [{ id: "a", done: true }, { id: "b", owner: "ann" }] });
    await until(mine, () => mine.has("b"));
    assert.deepEqual(changes, ["a+", "a-,b+"]);
    await mine.patch("b", { done: true });
    assert.equal(mine.size, 0);
  });

  test(`${service}: a feed loads more, and its window moves with new posts`, options, async t => {
    const client = connect(t);
    const all = client.collection(path("feed"));
    await all.insert(Array.from({ length: 50 }, (_, n) => ({ id: `p${n}`, at: n })));
    const feed = await client.collection(path("feed"), { order: [["at", -1]], limit: 3 }).ready;
    assert.deepEqual([feed.items.map(({ at }) => at), feed.total], [[49, 48, 47], 50]);
    const changes = [];
    feed.add_callback(diffs => changes.push(diffs.map(({ id, new: item }) => `${id}${item ? "+" : "-"}`).join()));
    await all.insert({ id: "p50", at: 50 });
    await until(feed, () => feed.total === 51);
    assert.deepEqual(feed.items.map(({ at }) => at), [50, 49, 48]);
    await feed.setView({ limit: 5 });
    assert.deepEqual([feed.items.map(({ at }) => at), feed.total], [[50, 49, 48, 47, 46], 51]);
    assert.deepEqual(changes, ["p47-,p50+", "p46+,p47+"]);
    const { at, id } = feed.items.at(-1);
    const older = await client.get(path("feed"), { order: [["at", -1]], after: [at, id], limit: 2 });
    assert.deepEqual([older.data.map(item => item.at), older.total], [[45, 44], 51]);
    const ids = await client.collection(path("feed"), { limit: 3 }).ready;
    assert.deepEqual(ids.items.map(item => item.id), ["p0", "p1", "p10"], "a limit without an order is by id");
    await all.remove("p0");
    await until(feed, () => feed.total === 50);
    assert.equal(feed.size, 5);
  });

  test(`${service}: a list of documents without their bodies, and a transaction on one of them`, options, async t => {
    const client = connect(t);
    const documents = client.collection(path("documents"));
    await documents.insert([{ id: "a", title: "One", body: "x".repeat(10_000) }, { id: "b", title: "Two", body: "y", meta: { n: 1 } }]);
    const titles = await client.collection(path("documents"), { fields: ["title", "meta.n"] }).ready;
    assert.deepEqual(titles.items, [{ id: "a", title: "One" }, { id: "b", title: "Two", meta: { n: 1 } }]);
    titles.add_callback(() => assert.fail("a change of a field that the view does not have"));
    await documents.patch("b", { body: "z" });
    const result = await titles.transact("b", item => ({ ...item, read: true }));
    assert.equal(result.ok, true, JSON.stringify(result));
    await until(documents, () => documents.get("b")?.read);
    assert.deepEqual(documents.get("b"), { id: "b", title: "Two", body: "z", meta: { n: 1 }, read: true });
  });

  test(`${service}: a transaction on an item outside of the view counts exactly`, options, async t => {
    const clients = [connect(t), connect(t), connect(t)];
    await clients[0].update(path("counts"), { insert: [{ id: "votes", n: 0, kind: "other" }] });
    const views = await Promise.all(clients.map(client => client.collection(path("counts"), { filter: { kind: "none" } }).ready));
    await Promise.all(views.map(async view => {
      for (let n = 0; n < 5; n++) assert.equal((await view.transact("votes", item => ({ ...item, n: item.n + 1 }))).ok, true);
    }));
    assert.deepEqual((await clients[0].get(path("counts"))).data, [{ id: "votes", n: 15, kind: "other" }]);
  });

  test(`${service}: a view resumes, and is right after a connection that was cut while it changed`, options, async t => {
    const sockets = [];
    class Wire extends WebSocket {
      constructor(address) {
        super(address);
        sockets.push(this);
      }
    }
    const reader = connect(t, { WebSocket: Wire });
    const writer = connect(t).collection(path("resume"));
    await writer.insert(Array.from({ length: 100 }, (_, n) => ({ id: `${n}`, n, even: n % 2 === 0 })));
    const even = await reader.collection(path("resume"), { filter: { even: true } }).ready;
    const top = await reader.collection(path("resume"), { order: [["n", -1]], limit: 10 }).ready;
    const came = [];
    sockets[0].terminate();
    await until(even, () => even.state === "stale");
    await writer.update({ remove: ["0", "99"], patch: [{ id: "2", even: false }], insert: [{ id: "new", n: 200, even: true }] });
    reader.on_message = text => came.push(JSON.parse(text));
    await until(even, () => even.state === "live" && even.has("new"));
    await until(top, () => top.state === "live");
    assert.deepEqual([even.size, even.has("0"), even.has("2")], [49, false, false]);
    assert.deepEqual([top.items[0].n, top.items[1].n, top.size, top.total], [200, 98, 10, 99]);
    const { data } = came.find(({ cmd, as }) => cmd === "NOTIFY" && as === "1");
    assert.deepEqual([data.reset, data.insert.length], [false, 1], "a filter resumes with what changed");

    const changed = even.setView({ filter: { even: false } });
    sockets.at(-1).terminate();
    await changed;
    assert.deepEqual([even.size, even.items.every(({ even: is }) => !is)], [50, true]);
  });

  test(`${service}: a view with a mistake fails with its place, and the connection lives on`, options, async t => {
    const client = connect(t);
    const wrong = client.collection(path("wrong"), { filter: { a: { $near: 1 } } });
    await assert.rejects(wrong.ready, { code: "bad_request", message: /filter\.a\.\$near/ });
    const read = await client.get(path("wrong"), { order: [["a", 2]] });
    assert.equal(read.ok || read.error.code, "bad_request");
    await wrong.setView({ filter: { a: 1 } });
    await wrong.insert([{ id: "x", a: 1 }, { id: "y", a: 2 }]);
    assert.deepEqual(wrong.items, [{ id: "x", a: 1 }]);
  });

  test(`${service}: a view that changes with each keystroke ends with the last one, on one subscription`, options, async t => {
    const client = connect(t);
    await client.update(path("search"), { insert: ["apple", "apricot", "avocado", "banana"].map(name => ({ id: name, name })) });
    const found = await client.collection(path("search"), { filter: { name: { $regex: "" } } }).ready;
    const changes = ["a", "ap", "apr", "ap", "b"].map($regex => found.setView({ filter: { name: { $regex: `^${$regex}` } } }));
    await Promise.all(changes);
    assert.deepEqual(found.items.map(({ id }) => id), ["banana"]);
    assert.equal((await client.get("/subs")).data.length, 1);
  });
}
