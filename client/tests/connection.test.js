import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { setUp, settle } from "./fakes.js";

test("it connects at once, and says what it does", async t => {
  const { client } = setUp(t);
  const states = [client.state];
  assert.deepEqual([client.connecting, client.connected, client.url], [true, false, "ws://server/"]);
  client.add_state_callback(state => states.push(state));
  await client.connectedPromise();
  assert.deepEqual([client.connecting, client.connected], [false, true]);
  client.close();
  assert.deepEqual(states, ["connecting", "connected", "closed"]);
});

test("the url may be http, https or relative to the page", t => {
  const { network } = setUp(t);
  const urlOf = url => {
    const client = new SharedStateClient(url, { WebSocket: network.WebSocket });
    t.after(() => client.close());
    assert.equal(client.url, network.last.url);
    return client.url;
  };
  assert.equal(urlOf("wss://host:9000"), "wss://host:9000");
  assert.equal(urlOf("http://host:9000"), "ws://host:9000/");
  assert.equal(urlOf("https://host/prefix/#part"), "wss://host/prefix/");
  assert.throws(() => urlOf("relative"), TypeError, "without a page there is nothing to be relative to");
  globalThis.document = { baseURI: "https://host/prefix/page.html?x=1#y", addEventListener() {}, removeEventListener() {} };
  t.after(() => delete globalThis.document);
  assert.equal(urlOf("."), "wss://host/prefix/");
  assert.equal(urlOf("/"), "wss://host/");
});

test("without a WebSocket anywhere the client is closed, as where pages are rendered on a server; requests say what to do", async t => {
  const original = globalThis.WebSocket;
  delete globalThis.WebSocket;
  t.after(() => original && (globalThis.WebSocket = original));
  const client = new SharedStateClient(".");
  assert.equal(client.state, "closed");
  const { ok, error } = await client.get("/clock");
  assert.deepEqual([ok, error.code], [false, "disconnected"]);
  assert.match(error.message, /options\.WebSocket/);
  await assert.rejects(client.connect(), /options\.WebSocket/);
});

test("it reconnects for ever, with growing waits", async t => {
  const { client, network, advance } = setUp(t, { mode: "refuse" });
  await settle();
  const waits = [];
  while (waits.length < 8) {
    const before = network.sockets.length;
    let waited = 0;
    for (; network.sockets.length === before; waited += 100) await advance(100);
    waits.push(waited);
  }
  assert.deepEqual(waits, [400, 1000, 2000, 5000, 10_000, 10_000, 10_000, 10_000]);
  network.mode = "open";
  await advance(10_000);
  assert.equal(client.connected, true);
});

test("a connection that said something is tried again first after 200 ms, one that never did counts as a failure", async t => {
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  network.cut();
  await advance(180);
  assert.equal(client.state, "waiting");
  await advance(20);
  assert.equal(client.state, "connected");
  network.cut();
  await advance(380);
  assert.equal(client.state, "waiting");
  await advance(20);
  assert.equal(client.state, "connected");
});

test("the waits are up to half shorter by chance", async t => {
  const { client, network, advance } = setUp(t);
  Math.random.mock.mockImplementation(() => 0);
  await client.get("/clock");
  network.cut();
  await advance(100);
  assert.equal(client.connected, true);
});

test("an attempt that hangs is given up after timeoutMs, and what it says later is not heard", async t => {
  const { client, network, advance } = setUp(t, { mode: "hang", timeoutMs: 1000 });
  const [hanging] = network.sockets;
  await advance(1000);
  assert.equal(client.state, "waiting");
  hanging.open();
  assert.equal(client.state, "waiting");
});

test("with retries it gives up after that many failures in a row, until connect()", async t => {
  const { client, network, advance } = setUp(t, { mode: "refuse", retries: 3 });
  const promise = client.connectedPromise();
  await advance(60_000);
  assert.equal(network.sockets.length, 3);
  assert.equal(client.state, "closed");
  await assert.rejects(promise, /closed/);
  await assert.rejects(client.connectedPromise(), /closed/);
  network.mode = "open";
  await client.connect();
  assert.equal(client.connected, true);
});

test("a server that says not to come back is obeyed", async t => {
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  network.cut(4500);
  await advance(60_000);
  assert.equal(network.sockets.length, 1);
  assert.equal(client.state, "closed");
});

test("a server that says to come back sees it again", async t => {
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  network.cut(4499);
  await advance(200);
  assert.equal(client.connected, true);
});

test("connect() does not wait, and is nothing while connecting or connected", async t => {
  const { client, network, advance } = setUp(t, { mode: "refuse" });
  await advance(200);
  assert.equal(client.state, "waiting");
  network.mode = "open";
  void client.connect();
  void client.connect();
  await client.connect();
  await client.connect();
  assert.equal(network.sockets.length, 2);
});

test("close() is for good, and what comes afterwards is not heard", async t => {
  const { client, network, advance } = setUp(t);
  await settle();
  client.close();
  client.close();
  assert.equal(network.last.isOpen, false);
  await advance(60_000);
  assert.equal(network.sockets.length, 1);
});

test("when it is quiet it asks, and when nothing answers it connects anew", async t => {
  const { server, client, network, advance } = setUp(t);
  await advance(60_000);
  assert.equal(network.sockets.length, 1, "answers keep it alive");
  const asked = server.received.length;
  assert.ok(asked >= 3 && asked <= 6 && server.received.every(({ path }) => path === "/clock"));
  server.muted = true;
  await advance(15_000);
  assert.equal(client.connected, true);
  await advance(10_000);
  assert.equal(network.sockets.length, 2);
});

test("messages are a sign of life", async t => {
  const { server, client, advance } = setUp(t);
  client.acquire_collection("/app/items/a");
  for (let n = 0; n < 10; n++) {
    await advance(5000);
    server.update("/app/items/a", { insert: [{ id: "x", n }] });
  }
  assert.equal(server.received.filter(({ path }) => path === "/clock").length, 0);
});

for (const retries of [Infinity, 1]) test(`connect() in on_disconnect, with retries ${retries}, waits like any other attempt`, async t => {
  class Eager extends SharedStateClient {
    on_disconnect() { this.connect().catch(() => void this.connect()); }
  }
  const { network, advance } = setUp(t, { mode: "refuse", Client: Eager, retries });
  await advance(10_000);
  assert.ok(network.sockets.length <= 8, `${network.sockets.length} attempts`);
  assert.ok(network.sockets.length >= 4, `${network.sockets.length} attempts`);
});

test("a WebSocket that throws when it is made counts as a failed attempt, but for the first", async t => {
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  const Working = client.options.WebSocket;
  let broken = true;
  class Broken { constructor(url) { if (broken) throw new Error("no more"); return new Working(url); } }
  assert.throws(() => new SharedStateClient("ws://server", { WebSocket: Broken }), /no more/);
  broken = false;
  const second = new SharedStateClient("ws://server", { WebSocket: Broken });
  t.after(() => second.close());
  await second.get("/clock");
  broken = true;
  const reasons = [];
  second.on_disconnect = ({ reason }) => reasons.push(reason);
  network.cut();
  await advance(1000);
  assert.deepEqual([second.state, reasons.at(-1)], ["waiting", "Error: no more"]);
  broken = false;
  await advance(10_000);
  assert.equal(second.state, "connected");
});

for (const timeoutMs of [0, Infinity, 2 ** 31]) test(`timeoutMs ${timeoutMs} is no limit, or a long one`, async t => {
  const { server, client, network, advance } = setUp(t, { mode: "hang", timeoutMs });
  let settled = 0;
  const count = () => { settled++; };
  void client.get("/clock").then(count);
  await advance(60_000);
  assert.deepEqual([client.state, settled], ["connecting", 0]);
  network.last.open();
  await settle();
  assert.equal(settled, 1);
  server.muted = true;
  void client.get("/app/items/a").then(count);
  await advance(20_000);
  assert.equal(settled, 1);
});

test("a timeoutMs that is no time is refused", () => {
  for (const timeoutMs of [-1, NaN, "x"]) {
    const make = () => new SharedStateClient("ws://server", { WebSocket: class {}, timeoutMs });
    assert.throws(make, { name: "TypeError", message: /as timeoutMs/ });
  }
});

test("disposed of, a client is closed for good, and so are its collections", async t => {
  const { client, network } = setUp(t);
  const collection = await client.acquire_collection("/app/items/a").ready;
  client.dispose();
  client.dispose();
  assert.deepEqual([client.state, collection.state], ["closed", "released"]);
  assert.throws(() => client.acquire_collection("/app/items/a"), /disposed/);
  await assert.rejects(client.connect(), /disposed/);
  assert.equal((await client.get("/clock")).error.code, "disconnected");
  assert.equal(network.sockets.length, 1);
  assert.equal(client[Symbol.dispose ?? Symbol.for("Symbol.dispose")] instanceof Function, true);
});

test("a signal that aborts disposes of the client", async t => {
  const abort = new AbortController();
  const { client } = setUp(t, { signal: abort.signal });
  const waiting = client.get("/clock");
  abort.abort();
  assert.equal(client.state, "closed");
  assert.equal((await waiting).ok, false);
  assert.equal(setUpAgain(t, { signal: AbortSignal.abort() }).state, "closed");
});

const setUpAgain = (t, options) => {
  const client = new SharedStateClient("ws://server", { WebSocket: class {}, ...options });
  t.after(() => client.close());
  return client;
};

test("pending counts the updates without an answer, and subscribe tells it with the state", async t => {
  const { server, client } = setUp(t);
  await client.get("/clock");
  const views = [];
  const stop = client.subscribe(({ state, pending }) => views.push(`${state} ${pending}`));
  server.muted = true;
  void client.update("/app/items/a", {});
  const second = client.update("/app/items/a", {});
  assert.equal(client.pending, 2);
  client.close();
  await second;
  await settle();
  stop();
  void client.connect();
  assert.deepEqual(views, ["connected 0", "connected 1", "connected 2", "closed 2", "closed 1", "closed 0"]);
});

test("an async callback that rejects is reported", async t => {
  const errors = t.mock.method(console, "error", () => {});
  const { client } = setUp(t);
  client.acquire_collection("/app/items/a").add_state_callback(async () => { throw new Error("mine"); });
  await settle();
  assert.equal(errors.mock.callCount(), 1);
});

/** A page that can go offline and be hidden. */
function fakePage(t) {
  const document = Object.assign(new EventTarget(), { baseURI: "http://host/", visibilityState: "visible" });
  const online = new EventTarget();
  const { addEventListener, removeEventListener } = globalThis;
  Object.assign(globalThis, {
    document,
    addEventListener: online.addEventListener.bind(online),
    removeEventListener: online.removeEventListener.bind(online),
  });
  t.after(() => {
    delete globalThis.document;
    Object.assign(globalThis, { addEventListener, removeEventListener });
  });
  return {
    document,
    goOnline: () => online.dispatchEvent(new Event("online")),
    goOffline: () => online.dispatchEvent(new Event("offline")),
    thaw: () => document.dispatchEvent(new Event("resume")),
    comeBack: () => online.dispatchEvent(new Event("pageshow")),
    show(visibilityState) {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    },
  };
}

test("it connects at once when the browser says it is online or visible again", async t => {
  const page = fakePage(t);
  const { client, network } = setUp(t, { mode: "refuse" });
  await settle();
  page.show("hidden");
  assert.equal(network.sockets.length, 1);
  page.show("visible");
  await settle();
  assert.equal(network.sockets.length, 2);
  page.document.visibilityState = "hidden";
  network.mode = "open";
  page.goOnline();
  await client.connectedPromise();
  assert.equal(network.sockets.length, 3);
});

test("a page that is seen again checks its connection, and finds out within 10 s that it is dead", async t => {
  const page = fakePage(t);
  const { server, network, advance } = setUp(t);
  await settle();
  server.muted = true;
  page.show("visible");
  await settle();
  assert.equal(server.received.at(-1).path, "/clock");
  await advance(10_000);
  assert.equal(network.sockets[0].isOpen, false);
});

for (const how of ["show", "thaw", "comeBack"]) test(`a page that slept is live within a second, ${how}`, async t => {
  const page = fakePage(t);
  const { server, client, network, advance } = setUp(t);
  const collection = await client.acquire_collection("/app/items/a").ready;
  network.last.isOpen = false; // The network forgot the connection while the page slept: nothing passes, and nothing tells.
  t.mock.timers.setTime(Date.now() + 3_600_000);
  server.update("/app/items/a", { insert: [{ id: "meanwhile" }] });
  page[how]("visible");
  await advance(1000);
  assert.deepEqual([collection.state, collection.has("meanwhile"), network.sockets.length], ["live", true, 2]);
});

test("a page that slept and whose connection answers keeps it", async t => {
  const page = fakePage(t);
  const { client, network, advance } = setUp(t);
  await client.get("/clock");
  t.mock.timers.setTime(Date.now() + 3_600_000);
  page.show("visible");
  await advance(2000);
  assert.equal(network.sockets.length, 1);
});

test("an attempt that hung while the page slept is made anew", async t => {
  const page = fakePage(t);
  const { client, network } = setUp(t, { mode: "hang", timeoutMs: 0 });
  t.mock.timers.setTime(Date.now() + 3_600_000);
  network.mode = "open";
  page.show("visible");
  await client.connectedPromise();
  assert.equal(network.sockets.length, 2);
});

test("offline, a connection that does not answer is given up at once, and back online it connects at once", async t => {
  const page = fakePage(t);
  const { server, client, network, advance } = setUp(t);
  await client.get("/clock");
  page.goOffline();
  await advance(1000);
  assert.equal(client.connected, true, "a server on this machine answers all the same");
  server.muted = true;
  network.mode = "refuse";
  page.goOffline();
  await advance(500);
  assert.equal(client.connected, false);
  await advance(2000);
  network.mode = "open";
  page.goOnline();
  await settle();
  assert.equal(client.connected, true);
});

test("a closed client lets Node end", () => {
  const program = `
    import { SharedStateClient } from ${JSON.stringify(new URL("../dist/sharedstate.es.js", import.meta.url))};
    class WebSocket { constructor() { queueMicrotask(() => this.onopen({})); } send() {} close() {} }
    const client = new SharedStateClient("ws://server", { WebSocket });
    await client.connectedPromise();
    client.acquire_collection("/app/items/a");
    client.clock;
    client.get("/clock");
    client.close();`;
  const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { timeout: 5000 });
  assert.deepEqual([status, signal], [0, null]);
});

test("a closed client leaves nothing behind on the page", async t => {
  const page = fakePage(t);
  const { client, network } = setUp(t);
  await settle();
  client.close();
  page.goOnline();
  page.show("visible");
  await settle();
  assert.equal(network.sockets.length, 1);
});

test("subclasses override the hooks, which are called after the client has done its part", async t => {
  const calls = [];
  class Mine extends SharedStateClient {
    on_connect() { super.on_connect(); calls.push(["connect", this.connected]); }
    on_disconnect(e) { super.on_disconnect(e); calls.push(["disconnect", e.code, this.state]); }
    on_error(e) { super.on_error(e); calls.push(["error", e.message]); }
    on_message(data) { super.on_message(data); calls.push(["message", JSON.parse(data).type]); }
  }
  const { client, network, advance } = setUp(t, { Client: Mine, mode: "refuse" });
  await settle();
  network.mode = "open";
  await advance(400);
  await client.get("/clock");
  client.close();
  assert.deepEqual(calls, [["error", "refused"], ["disconnect", 1006, "waiting"], ["connect", true], ["message", "REPLY"], ["disconnect", 1000, "closed"]]);
});

test("a hook that throws or does not call super disturbs nothing", async t => {
  t.mock.method(console, "error", () => {});
  class Mine extends SharedStateClient {
    on_connect() { throw new Error("mine"); }
    on_disconnect() { throw new Error("mine"); }
    on_message() { throw new Error("mine"); }
  }
  const { client, network, advance } = setUp(t, { Client: Mine });
  await client.acquire_collection("/app/items/a").ready;
  network.cut();
  await advance(200);
  assert.equal((await client.get("/clock")).ok, true);
});

test("frames that are no message of the protocol are passed over", async t => {
  const { client, network } = setUp(t);
  await settle();
  for (const data of ["", "null", "[]", "{}", "nonsense", '{"type":"REPLY"}', '{"type":"MESSAGE","cmd":"NOTIFY"}', '{"type":"MESSAGE","cmd":"NEWS"}', new ArrayBuffer(1)]) {
    network.last.onmessage({ data });
  }
  assert.equal((await client.get("/clock")).ok, true);
});

test("debug logs the traffic", async t => {
  const log = t.mock.method(console, "log", () => {});
  const { client } = setUp(t, { debug: true });
  await client.get("/clock");
  const lines = log.mock.calls.map(({ arguments: [direction, text] }) => [direction.slice(-2), JSON.parse(text).type]);
  assert.deepEqual(lines, [["->", "REQUEST"], ["<-", "REPLY"]]);
});
