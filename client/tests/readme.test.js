// The examples of the READMEs, run as they stand there, on the real host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { noHost, RealHost } from "./real-host.js";
import { token, tokens } from "./tokens.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const section = title => readme.split(`\n## ${title}\n`)[1].split("\n## ")[0];
const firstBlock = text => /^```js\n([^]*?)^```$/m.exec(text)[1];
const examples = [...section("Views").matchAll(/^```js\n\/\/ ([^:\n]+)[^]*?^```$/gm)]
  .map(([block, title]) => [title, block.split("\n").slice(1, -1).join("\n")]);
const AsyncFunction = (async () => {}).constructor;

describe("examples of views", { skip: noHost, timeout: 60_000 }, () => {
  let host;
  before(async () => { host = await new RealHost().start(); });
  after(() => host?.end());

  const items = {
    tasks: [
      { id: "t1", title: "Milk", owner: "ann", done: false, due: "2030-02-01" }, { id: "t2", title: "Tax", owner: "bob", done: false },
      { id: "t3", title: "Bread", owner: "ann", done: false, due: "2030-01-01" }, { id: "t4", title: "Call", owner: "ann", done: true },
    ],
    posts: Array.from({ length: 70 }, (_, n) => ({ id: `p${n}`, at: n })),
    documents: [{ id: "d1", title: "One", author: { name: "Ann", mail: "a@b" }, body: "long" }, { id: "d2", title: "Two", body: "longer" }],
  };
  const shown = {
    "My tasks": [[], ["Bread", "Milk"], ["Bread"]],
    "A feed": ["0 of ?", "20 of 70", "20 of 70", "40 of 70", 20], // the second time as `stale`
    "A list of documents without their bodies, and one document as a whole.":
      [[], [{ id: "d1", title: "One", author: { name: "Ann" } }, { id: "d2", title: "Two" }], "long"],
  };

  test("there is one of each", () => assert.deepEqual(examples.map(([title]) => title), Object.keys(shown)));

  for (const [title, code] of examples) test(title, async t => {
    const client = new SharedStateClient(host.origin, { WebSocket });
    t.after(() => client.dispose());
    for (const [name, insert] of Object.entries(items)) await client.update(`/app/items/${name}`, { reset: true, insert });
    const said = [];
    await new AsyncFunction("client", "show", code)(client, value => said.push(value));
    assert.deepEqual([...said], shown[title]);
  });
});

describe("other examples", { skip: noHost, timeout: 60_000 }, () => {
  let host;
  before(async () => { host = await new RealHost().start(); });
  after(() => host?.end());

  const connect = t => {
    const client = new SharedStateClient(host.origin, { WebSocket, throw: true });
    t.after(() => client.dispose());
    return client;
  };

  test("the first lines of the repository's README", async t => {
    const first = firstBlock(readFileSync(new URL("../../README.md", import.meta.url), "utf8"));
    const code = first.replace(/^import .*$/m, "").replace('"ws://localhost:9000"', "origin, { WebSocket }")
      .replace(/^(notes.get.*);/m, "return [client, $1];");
    const shown = [];
    const [client, note] = await new AsyncFunction("SharedStateClient", "WebSocket", "origin", "console", code)(
      SharedStateClient, WebSocket, host.origin, { log: items => shown.push(items) });
    t.after(() => client.dispose());
    assert.deepEqual(note, { id: "a", text: "Hello" });
    assert.deepEqual([shown[0], shown.at(-1)], [[], [note]]);
  });

  test("changing what others change, too", async t => {
    const todos = await connect(t).collection("/app/items/todos").ready;
    const lines = firstBlock(section("Changing what others change, too")).trim().split("\n");
    const items = [];
    for (const line of lines) {
      const call = new AsyncFunction("todos", line)(todos);
      await (line.includes("absent") ? assert.rejects(call, { code: "conflict" }) : call); // the item is there already
      items.push({ ...todos.get("a") });
    }
    assert.deepEqual(items, [
      { id: "a", votes: 1 }, { id: "a", votes: 1, title: "Milk" }, { id: "a", title: "Milk" },
      { id: "a", title: "Milk", done: true }, { id: "a", title: "Milk", done: true },
    ]);
  });

  test("users", async t => {
    const guarded = new RealHost(undefined, {}, { access: { tokens } });
    t.after(() => guarded.end());
    const { origin } = await guarded.start();
    const code = firstBlock(section("Users")).replace('".", {', "origin, { WebSocket,");
    const asked = [];
    const fetchToken = async url => {
      asked.push(url);
      return new Response(token({ sub: "ann" }));
    };
    let known;
    const ann = new Promise(resolve => { known = resolve; });
    const shown = [];
    const show = user => {
      shown.push(user);
      if (user === "ann") known();
    };
    const client = new Function("SharedStateClient", "WebSocket", "origin", "fetch", "show", `${code}; return client;`)(
      SharedStateClient, WebSocket, origin, fetchToken, show);
    t.after(() => client.dispose());
    await ann;
    assert.deepEqual([asked, [...new Set(shown)]], [["/token"], ["not logged in", "ann"]]);
  });

  test("who is here", async t => {
    const bob = connect(t).presence("/app/mitems/people", { name: "Bob" });
    const moves = [], rendered = [];
    let shown;
    const sawBob = new Promise(resolve => { shown = resolve; });
    const render = items => {
      rendered.push(items.map(({ name }) => name));
      if (items.length > 0) shown();
    };
    new Function("client", "render", "addEventListener", firstBlock(section("Who is here")))(
      connect(t), render, (type, move) => moves.push(move));
    const seen = wanted => new Promise(resolve => bob.others.subscribe(({ items }) => wanted(items) && resolve()));
    await seen(([ada]) => ada?.name === "Ada");
    moves[0]({ clientX: 3, clientY: 4 });
    await seen(([ada]) => ada?.x === 3 && ada.y === 4);
    await sawBob;
    assert.deepEqual([rendered[0], rendered.at(-1)], [[], ["Bob"]]);
  });
});
