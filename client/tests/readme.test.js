// The examples of the README's section on views, run as they stand there, on the real host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { noHost, RealHost } from "./real-host.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const [section] = readme.split("\n## Views\n")[1].split("\n## ");
const examples = [...section.matchAll(/^```js\n\/\/ ([^:\n]+)[^]*?^```$/gm)]
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
