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

test("without a WebSocket anywhere the constructor says what to do", t => {
  const original = globalThis.WebSocket;
  delete globalThis.WebSocket;
  t.after(() => original && (globalThis.WebSocket = original));
  assert.throws(() => new SharedStateClient("ws://server"), /options\.WebSocket/);
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
  const { client, network } = setUp(t, { mode: "refuse" });
  await settle();
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
