import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { gzipSync } from "node:zlib";
import * as es from "../dist/sharedstate.es.js";
import * as esMin from "../dist/sharedstate.es.min.js";
import { dist, files } from "../build.js";
import { setUp } from "./fakes.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const read = name => readFileSync(join(dist, name), "utf8");

/** Exits with 1, after it has said why, if anything does not fit its type. */
function compile(project) {
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json").replace("package.json", "bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
}

test("the sources compile", () => compile(join(here, "..")));

test("programs of others compile against the declarations, and wrong ones do not", () => compile(here));

test("the committed bundles are what the sources give: if this fails, npm run build", async () => {
  const built = await files();
  const committed = readdirSync(dist, { recursive: true }).filter(name => statSync(join(dist, name)).isFile());
  assert.deepEqual(committed.sort(), [...built.keys()].sort());
  for (const [name, content] of built) assert.ok(read(name) === content, `${name} is not what the sources give`);
});

test("the minified ES bundle is at most 11.6 KB gzipped: docs/adr/0122", () => {
  const bytes = gzipSync(read("sharedstate.es.min.js"), { level: 9 }).length;
  assert.ok(bytes <= 11.6 * 1024, `${bytes} bytes`);
});

test("all bundles export the same", () => {
  const names = Object.keys(es).sort();
  assert.deepEqual(names, ["CollectionViewer", "Others", "Presence", "ProxyCollection", "ProxyObject", "SharedStateClient", "SharedStateError"]);
  assert.deepEqual(Object.keys(esMin).sort(), names);
  for (const name of ["sharedstate.iife.js", "sharedstate.iife.min.js"]) {
    const exported = vm.runInNewContext(`${read(name)};SHAREDSTATE`);
    assert.deepEqual(Object.keys(exported).sort(), names, name);
  }
});

test("the minified bundle, whose internal names are short, does what the other does", async t => {
  const { server, client, network, advance } = setUp(t, { Client: esMin.SharedStateClient });
  const collection = client.collection("/app/items/a");
  const named = client.collection("/app/items/a", { conflate: true });
  const window = client.collection("/app/items/w", { order: [["n", -1]], limit: 1 });
  const views = [];
  collection.subscribe(({ items, state }) => views.push([state, items.length]));
  assert.deepEqual((await collection.insert([{ id: "x" }, { id: "y" }])).ids, ["x", "y"]);
  const part = { type: "MESSAGE", cmd: "NOTIFY", path: "/app/items/a", rev: 2, epoch: "e1", prev: 1, data: { insert: [{ id: "z" }] }, more: true };
  network.last.onmessage({ data: JSON.stringify(part) });
  network.cut();
  server.update("/app/items/a", { remove: ["y"] });
  await advance(200);
  assert.deepEqual([collection.items.map(({ id }) => id), named.size, window.total], [["x"], 1, 0]);
  server.update("/app/items/w", { insert: [{ id: "x", n: 1 }, { id: "y", n: 2 }, { id: "z", n: 3 }] });
  await window.setView({ limit: 2 });
  assert.deepEqual([window.items.map(({ id }) => id), window.total], [["z", "y"], 3]);
  assert.deepEqual(views, [["pending", 0], ["live", 0], ["live", 2], ["stale", 2], ["live", 1]]);
  server.muted = true;
  const unanswered = client.get("/app/items/a");
  await advance(26_000);
  assert.equal((await unanswered).error.code, "timeout");
  assert.equal(network.sockets.length, 3, "the heartbeat has noticed");
  server.refusals.set("/app/items/b", { code: "forbidden", message: "no" });
  server.muted = false;
  network.cut();
  await advance(1000);
  await assert.rejects(client.collection("/app/items/b").ready, { code: "forbidden" });
  collection.release();
  client.dispose();
  assert.deepEqual([collection.state, named.state, client.state], ["released", "released", "closed"]);
});
