// Tokens: when the client sends them, and what happens to subscriptions and requests meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settle, setUp } from "./fakes.js";

const UNAUTHORIZED = { code: "unauthorized", message: "not without a token", temporary: false };

/** A client of a server on which a path is for users only; `valid` are the tokens, with the time in seconds that each has left. */
function setUpUsers(t, { valid = {}, ...options } = {}) {
  const tokens = [];
  const context = setUp(t, options);
  const { server } = context;
  server.authenticate = token => {
    tokens.push(token);
    if (token === null) return { user: null, claims: {}, expires: null };
    return token in valid && { user: token, claims: { sub: token }, expires: Date.now() / 1000 + valid[token] };
  };
  const requests = () => server.received.map(({ cmd, path }) => `${cmd} ${path}`);
  return { ...context, tokens, requests };
}

test("without a token the client sends none, and is anonymous", async t => {
  const { client, requests } = setUpUsers(t);
  await client.get("/app/items/a");
  assert.deepEqual(requests(), ["GET /app/items/a"]);
  assert.equal(client.user, null);
});

test("a token is the first request of each connection, and is not in the URL", async t => {
  const { client, network, requests, tokens, advance } = setUpUsers(t, { token: "ann", valid: { ann: 3600 } });
  client.collection("/app/items/a");
  const identities = [];
  client.addIdentityCallback(({ user, claims }) => identities.push([user, claims.sub]));
  await client.get("/app/items/b");
  assert.deepEqual(requests(), ["PUT /auth", "PUT /subs", "GET /app/items/b"]);
  assert.deepEqual([client.user, client.identity.claims, identities], ["ann", { sub: "ann" }, [["ann", "ann"]]]);
  network.cut();
  await advance(200);
  assert.deepEqual(requests().slice(3), ["PUT /auth", "PUT /subs"]);
  assert.deepEqual(tokens, ["ann", "ann"]);
  assert.ok(network.sockets.every(({ url }) => !url.includes("ann")));
});

test("requests wait for a token that comes later", async t => {
  let give;
  const { client, requests, advance } = setUpUsers(t, { token: () => new Promise(resolve => { give = resolve; }), valid: { ann: 3600 } });
  const collection = client.collection("/app/items/a");
  const answer = client.get("/app/items/b");
  await advance(500);
  assert.deepEqual([client.state, requests()], ["connected", []]);
  give("ann");
  assert.ok((await answer).ok);
  await collection.ready;
  assert.deepEqual(requests(), ["PUT /auth", "PUT /subs", "GET /app/items/b"]);
});

test("the function is called again before the token expires", async t => {
  let count = 0;
  const { tokens, advance } = setUpUsers(t, { token: () => `t${++count}`, valid: { t1: 100, t2: 1000, t3: 1000 } });
  await advance(79_000);
  assert.deepEqual(tokens, ["t1"]);
  await advance(2000);
  assert.deepEqual(tokens, ["t1", "t2"]);
  await advance(930_000); // a minute before the end, of a long life
  assert.deepEqual(tokens, ["t1", "t2"]);
  await advance(11_000);
  assert.deepEqual(tokens, ["t1", "t2", "t3"]);
});

test("a token whose end seems to be over is not asked for all the time", async t => {
  let count = 0;
  // The clock of this computer is an hour ahead.
  const valid = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`t${number + 1}`, -3600]));
  const { client, tokens, advance } = setUpUsers(t, { token: () => `t${++count}`, valid });
  await advance(9_000);
  assert.deepEqual([client.user, tokens.length], ["t1", 1]);
  await advance(21_500);
  assert.equal(tokens.length, 4);
});

test("a subscription that needs a valid token goes on with the next one", async t => {
  let count = 0;
  const { client, server, tokens, advance } = setUpUsers(t, { token: () => `t${++count}`, valid: { t1: 3600, t2: 3600 } });
  const collection = client.collection("/app/items/a");
  await collection.ready;
  const states = [];
  collection.addStateCallback(state => states.push(state));
  server.drop("/app/items/a", UNAUTHORIZED); // the token has expired
  await advance(2000);
  assert.deepEqual(tokens, ["t1", "t2"]);
  assert.deepEqual(states, ["stale", "live"]);
  server.update("/app/items/a", { insert: [{ id: "x" }] });
  await settle();
  assert.equal(collection.size, 1);
});

test("a first token that is refused is followed by another one", async t => {
  let count = 0;
  const { client, server, tokens, advance } = setUpUsers(t, { token: () => `t${++count}`, valid: { t3: 3600 } });
  server.refusals.set("/app/items/a", UNAUTHORIZED);
  const collection = client.collection("/app/items/a");
  await advance(50);
  assert.equal(collection.state, "pending");
  await advance(100);
  server.refusals.clear();
  await advance(3000);
  assert.deepEqual([tokens, collection.state, client.user], [["t1", "t2", "t3"], "live", "t3"]);
});

test("a token that was refused is not sent again, and the subscription says why it failed", async t => {
  let asked = 0;
  const { client, server, tokens, advance } = setUpUsers(t, { token: () => (asked++, "old") });
  server.refusals.set("/app/items/a", UNAUTHORIZED);
  const collection = client.collection("/app/items/a");
  collection.ready.catch(() => {});
  await advance(60_000);
  assert.deepEqual([tokens, asked <= 4], [["old"], true]);
  assert.equal(collection.state, "failed");
  assert.match(collection.error.message, /the server refused this token before/);
});

test("a function that returns no token fails what needs one, and is not called for ever", async t => {
  let asked = 0;
  let token;
  const { client, server, advance } = setUpUsers(t, { token: () => (asked++, token), valid: { ann: 3600 } });
  server.refusals.set("/app/items/a", UNAUTHORIZED);
  const collection = client.collection("/app/items/a");
  collection.ready.catch(() => {});
  await advance(60_000);
  assert.deepEqual([collection.state, collection.error?.code, collection.error?.message], ["failed", "unauthorized", "there is no token"]);
  assert.ok(asked <= 3, `asked ${asked} times`);
  token = "ann"; // A later request that needs a token asks for one, and what failed goes on.
  assert.equal((await client.get("/app/items/a")).error?.code, "unauthorized");
  server.refusals.clear();
  await advance(2000);
  assert.deepEqual([collection.state, client.user], ["live", "ann"]);
});

test("a request that waits for a token names it when its time is up", async t => {
  const { client, advance } = setUpUsers(t, { token: () => new Promise(() => {}), timeoutMs: 1000 });
  const answer = client.get("/app/items/a");
  await advance(1000);
  assert.deepEqual((await answer).error, { code: "timeout", message: "not sent: no connection or token within 1000 ms", temporary: true });
});

test("a token that cannot be had fails what needs it, and is tried again", async t => {
  const shown = t.mock.method(console, "error", () => {});
  let away = true;
  const { client, server, advance } = setUpUsers(t, {
    token: async () => { if (away) throw new Error("the backend is away"); return "ann"; }, valid: { ann: 3600 },
  });
  server.refusals.set("/app/items/a", UNAUTHORIZED);
  const collection = client.collection("/app/items/a");
  collection.ready.catch(() => {});
  await advance(1500);
  assert.equal(collection.state, "failed");
  assert.match(collection.error.message, /there is no token: Error: the backend is away/);
  assert.ok(shown.mock.callCount() > 0);
  away = false;
  server.refusals.clear();
  await advance(12_000);
  assert.deepEqual([collection.state, client.user], ["live", "ann"]);
});

test("a string is sent once, and what it does not allow fails with the server's words", async t => {
  const { client, server, tokens, advance } = setUpUsers(t, { token: "ann", valid: { ann: 3600 } });
  server.refusals.set("/app/items/a", { ...UNAUTHORIZED, code: "forbidden", message: "no access rule allows this" });
  const collection = client.collection("/app/items/a");
  await assert.rejects(collection.ready, { code: "forbidden", message: "/app/items/a: no access rule allows this" });
  await advance(100_000);
  assert.deepEqual(tokens, ["ann"]);
});

test("a user whose token has expired is anonymous, and the callbacks say so", async t => {
  const { client, server } = setUpUsers(t, { token: "ann", valid: { ann: 3600 } });
  const [users, views] = [[], []];
  client.addIdentityCallback(({ user }) => users.push(user));
  const collection = client.collection("/app/items/a");
  await collection.ready;
  client.subscribe(({ user }) => views.push(user));
  server.drop("/app/items/a", UNAUTHORIZED);
  await settle();
  assert.deepEqual([collection.state, client.user, client.identity.expires], ["failed", null, null]);
  assert.deepEqual([users, views], [["ann", null], ["ann", null]]);
});

test("setToken logs in and out, and what was forbidden is tried again", async t => {
  const { client, server, advance } = setUpUsers(t, { valid: { ann: 3600 } });
  server.refusals.set("/app/items/a", UNAUTHORIZED);
  const collection = client.collection("/app/items/a");
  await collection.ready.catch(() => {});
  assert.equal(collection.state, "failed");
  server.refusals.clear();
  const users = [];
  const stop = client.subscribe(({ user }) => users.push(user));
  client.setToken("ann");
  await advance(100);
  assert.equal(collection.state, "live");
  client.setToken(null);
  await advance(100);
  stop();
  assert.deepEqual(users, [null, "ann", null]);
});

test("a token of a connection that has ended counts no more", async t => {
  const gives = [];
  const { client, network, tokens, advance } = setUpUsers(t, {
    token: () => new Promise(resolve => gives.push(resolve)), valid: { first: 3600, second: 3600 },
  });
  await settle();
  network.cut();
  await advance(1000);
  gives[0]("first");
  await settle();
  assert.deepEqual(tokens, []);
  gives[1]("second");
  await settle();
  assert.deepEqual([tokens, client.user], [["second"], "second"]);
});

test("a server without access refuses the token, and everything else goes on", async t => {
  const { client, server, advance } = setUp(t, { token: () => "ann", extended: false });
  const collection = client.collection("/app/items/a");
  await advance(100);
  await collection.ready;
  assert.equal(client.user, null);
  await advance(60_000);
  assert.equal(server.received.filter(({ path }) => path === "/auth").length, 1);
});
