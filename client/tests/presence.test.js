// Presence on fakes, where time stands still, and on the real host, which ends it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { settle, setUp } from "./fakes.js";
import { noHost, RealHost } from "./real-host.js";

const path = "/app/mitems/people";
const puts = server => server.received.filter(request => request.cmd === "PUT" && request.path === path).map(({ arg }) => arg);

test("a presence is one ephemeral item with a holder of its own; its fields are set one by one", async t => {
  const { server, client } = setUp(t);
  const me = client.presence(path, { name: "Ada" });
  await settle();
  assert.deepEqual(server.items(path), [{ name: "Ada", id: me.id }]);
  const [{ ephemeral: { holder, grace } }] = puts(server);
  assert.ok(holder.length >= 16 && holder.length <= 64, holder);
  assert.ok(grace >= 1 && grace <= 20, `${grace} s`);
  assert.deepEqual(Object.keys(await me.set({ x: 3, y: 4 })).sort(), ["data", "epoch", "ids", "ok", "path", "rev"]);
  assert.deepEqual(server.items(path), [{ name: "Ada", x: 3, y: 4, id: me.id }]);
  assert.notEqual(client.presence(path).id, me.id);
  assert.throws(() => me.set(5), TypeError);
  assert.throws(() => client.presence(path, "Ada"), TypeError);
});

test("moves that come faster than answers are sent as one, the newest", async t => {
  const { server, client, network, advance } = setUp(t);
  const me = client.presence(path);
  await settle();
  network.latencyMs = 100;
  const before = puts(server).length;
  const moves = Array.from({ length: 50 }, (_, x) => me.set({ x }));
  await advance(1000);
  assert.ok((await Promise.all(moves)).every(({ ok }) => ok));
  assert.ok(puts(server).length - before <= 2, `${puts(server).length - before} updates`);
  assert.equal(server.items(path)[0].x, 49);
});

test("the others are the collection without the own item", async t => {
  const { server, client } = setUp(t);
  const me = client.presence(path, { name: "Ada" });
  const views = [];
  const stop = me.others.subscribe(({ items, diffs, state }) => views.push([state, items.map(({ id }) => id), diffs.length]));
  await settle();
  await me.set({ x: 1 });
  server.update(path, { insert: [{ id: "bob", name: "Bob" }] });
  await settle();
  assert.deepEqual(views, [["pending", [], 0], ["live", [], 0], ["live", ["bob"], 1]]);
  assert.deepEqual([me.others.size, me.others.get("bob").name, me.others.get(me.id)], [1, "Bob", undefined]);
  assert.equal(me.others.items, me.others.items, "the same array until something changes");
  stop();
  server.update(path, { remove: ["bob"] });
  await settle();
  assert.equal(views.length, 3);
  assert.equal(me.others.size, 0);
});

test("it is inserted again after a reconnect, and when another removes it, with what was set meanwhile", async t => {
  const { server, client, network, advance } = setUp(t);
  const me = client.presence(path, { name: "Ada" });
  await settle();
  network.cut();
  server.update(path, { remove: [me.id] });
  void me.set({ x: 7 });
  await advance(1000);
  assert.deepEqual(server.items(path), [{ name: "Ada", x: 7, id: me.id }]);
  server.update(path, { remove: [me.id] });
  await settle();
  await settle();
  assert.deepEqual(server.items(path), [{ name: "Ada", x: 7, id: me.id }]);
});

test("a page that is shown for the first time sends its item once, one that comes back again", async t => {
  const page = new EventTarget();
  const { addEventListener, removeEventListener } = globalThis;
  Object.assign(globalThis, {
    addEventListener: page.addEventListener.bind(page), removeEventListener: page.removeEventListener.bind(page),
  });
  t.after(() => Object.assign(globalThis, { addEventListener, removeEventListener }));
  const { server, client } = setUp(t);
  client.presence(path, { name: "Ada" });
  await settle();
  page.dispatchEvent(new Event("pageshow"));
  await settle();
  assert.deepEqual(puts(server).map(({ insert, remove }) => [insert?.length, remove?.length]), [[1, undefined]]);
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("pageshow"));
  await settle();
  assert.deepEqual(server.items(path).map(({ name }) => name), ["Ada"]);
});

test("leave removes it for good, and so does disposing of the client", async t => {
  const { server, client, network, advance } = setUp(t);
  const [me, other] = [client.presence(path, { name: "Ada" }), client.presence(path, { name: "Eve" })];
  await settle();
  assert.ok((await me.leave()).ok);
  assert.equal(me.leave(), me.leave());
  assert.throws(() => me.set({ x: 1 }), /has left/);
  network.cut();
  await advance(1000);
  assert.deepEqual(server.items(path).map(({ id }) => id), [other.id]);
  client.dispose();
  await settle();
  assert.deepEqual(server.items(path), []);
});

describe("on the real host", { skip: noHost, timeout: 60_000 }, () => {
  let host;
  before(async () => { host = await new RealHost().start(); });
  after(() => host.end());

  const until = (others, condition) => new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${JSON.stringify(others.items)}: ${condition}`)), 20_000);
    others.subscribe(() => {
      if (!condition(others.items)) return;
      clearTimeout(limit);
      resolve();
    });
  });

  test("a client that loses its connection does not flicker, and one that is gone goes", async t => {
    const sockets = [];
    class Wire extends WebSocket {
      constructor(url) {
        super(url);
        sockets.push(this);
      }
    }
    const [ann, bob] = [new SharedStateClient(host.origin, { WebSocket: Wire }), new SharedStateClient(host.origin, { WebSocket })];
    t.after(() => [ann, bob].forEach(client => client.dispose()));
    const place = "/presence/mitems/people";
    ann.presence(place, { name: "Ann" });
    const seen = bob.presence(place, { name: "Bob" });
    await until(seen.others, items => items.length === 1 && items[0].name === "Ann");
    const diffs = [];
    seen.others.subscribe(view => diffs.push(...view.diffs));
    sockets.at(-1).terminate();
    await ann.connectedPromise().catch(() => {});
    await new Promise(resolve => setTimeout(resolve, 1500));
    assert.ok(ann.connected && sockets.length === 2);
    assert.ok(diffs.every(diff => diff.new), "never gone");
    ann.close();
    await until(seen.others, items => items.length === 0);
  });

  test("ttl and ephemeral in an update", async t => {
    const [ann, bob] = [new SharedStateClient(host.origin, { WebSocket }), new SharedStateClient(host.origin, { WebSocket })];
    t.after(() => [ann, bob].forEach(client => client.dispose()));
    const items = await bob.collection("/lifetimes/items/list").ready;
    assert.ok((await ann.update(items.path, { insert: [{ id: "soon" }], ttl: 0.5 })).ok);
    assert.ok((await ann.update(items.path, { insert: [{ id: "mine" }], ephemeral: true })).ok);
    assert.equal((await ann.update(items.path, { insert: [{ id: "no" }], ttl: 0 })).error.code, "bad_request");
    await until(items, list => list.length === 1 && list[0].id === "mine");
    ann.close();
    await until(items, list => list.length === 0);
  });
});

describe("in a browser", { skip: noHost || noBrowser, timeout: 60_000 }, () => {
  let host;
  let browser;
  before(async () => { [host, browser] = await Promise.all([new RealHost().start(), launch()]); });
  after(async () => {
    await browser?.close();
    await host?.end();
  });

  test("a page that is closed is gone at once, long before its grace is over", async t => {
    const client = new SharedStateClient(host.origin, { WebSocket });
    t.after(() => client.dispose());
    const me = client.presence("/demo/mitems/people", { name: "watcher" });
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${host.origin}/board.html`);
    const count = n => new Promise(resolve => {
      const stop = me.others.subscribe(({ items }) => {
        if (items.length !== n) return;
        setTimeout(() => stop());
        resolve();
      });
    });
    await count(1);
    const begun = Date.now();
    await page.close({ runBeforeUnload: true });
    await count(0);
    assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
  });
});
