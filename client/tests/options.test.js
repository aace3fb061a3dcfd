// Options that do not exist, on fakes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectionViewer, SharedStateClient } from "../dist/sharedstate.es.js";
import { setUp, settle } from "./fakes.js";

const PATH = "/app/items/a";
const VIEW = "filter, order, limit, after, fields";
const SUBSCRIPTION = `${VIEW}, as, conflate, maxRate`;

const unknown = (option, options) => ({ name: "TypeError", message: `unknown option "${option}": the options are ${options}` });

test("a page for the existing client keeps its options, and the console warns of them", async t => {
  const warn = t.mock.method(console, "warn", () => {});
  const warned = (option, options) => {
    assert.deepEqual(warn.mock.calls.map(call => call.arguments), [[`sharedstate: unknown option "${option}": the options are ${options}`]]);
    warn.mock.resetCalls();
  };
  const { client, lists } = setUp(t, { reload: true, verbose: 1 });
  warned("reload", "debug, throw, token, signal, retries, timeoutMs, heartbeatMs, WebSocket");
  assert.equal(client.options.verbose, 1);
  const collection = client.acquire_collection(PATH, { mine: 1 });
  warned("mine", SUBSCRIPTION);
  assert.equal(client.acquire_object(PATH, "o", { mine: 2, yours: 3 }).get(), undefined);
  warned("mine", SUBSCRIPTION);
  assert.equal(client.acquire_collection(PATH), collection, "unknown options make no view");
  new CollectionViewer(collection, {}, { delte: true });
  warned("delte", "delete, toString");
  await settle();
  assert.deepEqual(lists().flatMap(({ insert }) => insert), [[PATH, {}]]);
});

test("options are an object", async t => {
  const { client } = setUp(t);
  for (const options of [null, [], "token"]) {
    const wrong = { name: "TypeError", message: /^expected an object as options/ };
    assert.throws(() => new SharedStateClient("ws://host", options), wrong);
    assert.throws(() => client.collection(PATH, options), wrong);
    assert.throws(() => client.acquire_collection(PATH, options), wrong);
  }
});

test("a misspelt filter is no subscription of the whole collection", async t => {
  const { server, client } = setUp(t);
  await settle();
  const before = server.received.length;
  assert.throws(() => client.collection(PATH, { fliter: { done: false } }), unknown("fliter", SUBSCRIPTION));
  assert.throws(() => client.object(PATH, "o", { feilds: ["x"] }), unknown("feilds", SUBSCRIPTION));
  for (const own of ["since", "epoch", "part", ""]) assert.throws(() => client.collection(PATH, { [own]: 1 }), unknown(own, SUBSCRIPTION));
  await settle();
  assert.equal(server.received.length, before, "nothing was sent");
  const options = { filter: {}, order: [["n", 1]], limit: 1, after: [1, "a"], fields: ["n"], as: "x", conflate: true, maxRate: 5 };
  assert.deepEqual(client.collection(PATH, options).options, options);
});

test("a request with an option that does not exist rejects, and nothing is sent", async t => {
  const { server, client } = setUp(t);
  const collection = await client.collection(PATH).ready;
  const object = client.object(PATH, "o");
  const before = server.received.length;
  const insert = [{ id: "a" }];
  const wrong = async (request, message) => assert.rejects(async () => request(), message);
  await wrong(() => client.get(PATH, { limt: 1 }), unknown("limt", `${VIEW}, throw`));
  await wrong(() => client.update(PATH, { insert }, { thorw: true }), unknown("thorw", "throw"));
  await wrong(() => client.update(PATH, { insert }, { unchanged: true }), unknown("unchanged", "throw"));
  const update = unknown("unchagned", "throw, unchanged");
  await wrong(() => collection.update({ insert }, { unchagned: true }), update);
  await wrong(() => collection.update_items({ insert }, { unchagned: true }), update);
  await wrong(() => collection.insert(insert, { unchagned: true }), update);
  await wrong(() => collection.remove("a", { unchagned: true }), update);
  await wrong(() => collection.patch("a", { n: 1 }, { unchagned: true }), update);
  await wrong(() => collection.increment("a", "n", 1, { unchagned: true }), update);
  await wrong(() => collection.transact("a", () => ({}), { unchanged: true }), unknown("unchanged", "throw"));
  await wrong(() => object.set(1, { unchagned: true }), update);
  await wrong(() => object.set_items([], { unchagned: true }), update);
  await wrong(() => object.transact(() => 1, { thorw: true }), unknown("thorw", "throw"));
  await settle();
  assert.deepEqual([server.received.length, client.pending], [before, 0]);
});
