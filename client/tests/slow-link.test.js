// The real host behind a slow link. The small form takes seconds: less data, and a client that is less patient in proportion.
// SHAREDSTATE_SLOW=1 takes the real sizes and limits.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { noHost, RealHost } from "./real-host.js";
import { SlowLink } from "./slow-link.js";

const slow = Boolean(process.env.SHAREDSTATE_SLOW);

const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find(existsSync);

/** A link whose buffers are small, so that what waits is seen to wait at the host. */
async function narrow(port, bytesPerSecond) {
  const program = fileURLToPath(new URL("narrow-link.py", import.meta.url));
  const proxy = spawn(python, [program, port, bytesPerSecond], { stdio: ["ignore", "pipe", "inherit"] });
  const [listening] = await once(proxy.stdout, "data");
  return { origin: `http://127.0.0.1:${Number(listening)}`, end: () => proxy.kill() };
}

const patience = slow ? {} : { timeoutMs: 1000, heartbeatMs: 500 };

describe("on a slow link", { skip: noHost, timeout: slow ? 900_000 : 120_000 }, () => {
  let host;
  before(async () => { host = await new RealHost().start(); });
  after(() => host?.end());

  const client = (t, origin, options) => {
    const made = new SharedStateClient(origin, { WebSocket, ...options });
    t.after(() => made.close());
    return made;
  };

  /** A patient client beside the link, and an ordinary one behind it. */
  async function linked(t, bytesPerSecond, make = SlowLink.to) {
    const link = await make(Number(new URL(host.origin).port), bytesPerSecond);
    t.after(() => link.end());
    const disconnects = [];
    const behind = client(t, link.origin, patience);
    behind.on_disconnect = ({ reason }) => disconnects.push(reason);
    return { beside: client(t, host.origin), behind, disconnects };
  }

  // Random, because the host compresses.
  const text = bytes => randomBytes(Math.ceil(bytes * 3 / 4)).toString("base64").slice(0, bytes);
  const items = (count, bytes) => Array.from({ length: count }, (_, n) => ({ id: `${n}`, text: text(bytes) }));

  test("a large collection arrives, and a small one beside it is live and answers within 2 s throughout", {
    skip: python ? false : "there is no python3: install the package python3",
  }, async t => {
    const [bytes, rate] = slow ? [10_000_000, 30_000] : [1_500_000, 150_000];
    const { beside, behind, disconnects } = await linked(t, rate, narrow);
    for (let sent = 0; sent < bytes; sent += 100_000) {
      const insert = items(100, 1000).map(item => ({ ...item, id: `${sent}-${item.id}` }));
      assert.equal((await beside.update("/slow/mitems/large", { insert })).ok, true);
    }
    const large = behind.acquire_collection("/slow/mitems/large");
    await behind.get("/clock"); // The large one is on its way.
    let last = performance.now();
    const small = behind.acquire_collection("/slow/mitems/small");
    await small.ready;
    const waits = [performance.now() - last];
    for (let n = 0; large.state === "pending"; n++) {
      last = performance.now();
      const { ok, error } = await small.update({ insert: [{ id: "n", n }] });
      assert.ok(ok, error?.message);
      assert.equal(small.get("n").n, n);
      waits.push(performance.now() - last);
    }
    await large.ready;
    assert.equal(large.size, Math.ceil(bytes / 100_000) * 100);
    assert.deepEqual(disconnects, []);
    assert.ok(waits.length > 3, `${waits.length} answers while the large one came`);
    assert.ok(Math.max(...waits) < 2000, `${Math.round(Math.max(...waits))} ms`);
    t.diagnostic(`${waits.length} answers, the slowest after ${Math.round(Math.max(...waits))} ms`);
  });

  test("a large upload completes", async t => {
    const [bytes, rate] = slow ? [4_000_000, 100_000] : [600_000, 100_000];
    const { beside, behind, disconnects } = await linked(t, rate);
    const { ok, error } = await behind.update("/slow/mitems/upload", { insert: items(bytes / 100_000, 100_000) });
    assert.ok(ok, error?.message);
    assert.deepEqual(disconnects, []);
    assert.equal((await beside.get("/slow/mitems/upload")).data.length, bytes / 100_000);
  });

  test("of many updates sent at once none that was stored is reported as a timeout", async t => {
    const [count, rate] = slow ? [20_000, 200_000] : [3000, 100_000];
    const { beside, behind, disconnects } = await linked(t, rate);
    const path = "/slow/mitems/many";
    const update = (_, n) => behind.update(path, { insert: [{ id: `${n}`, text: text(100) }] });
    const results = await Promise.all(Array.from({ length: count }, update));
    const stored = new Set((await beside.get(path)).data.map(({ id }) => id));
    const lost = results.flatMap(({ ok, error }, n) => !ok && stored.has(`${n}`) ? [`${n}: ${error.code}`] : []);
    assert.deepEqual([lost.length, lost[0], disconnects], [0, undefined, []]);
    assert.equal(stored.size, count);
  });

  test("a message that is larger than the host takes is refused here, and the requests beside it are answered", async t => {
    const { beside } = await linked(t, 1_000_000);
    await beside.get("/clock");
    const disconnects = [];
    beside.on_disconnect = ({ reason }) => disconnects.push(reason);
    const [large, small] = await Promise.all([
      beside.update("/slow/mitems/refused", { insert: items(17, 1_000_000) }),
      beside.update("/slow/mitems/refused", { insert: items(1, 10) }),
    ]);
    assert.deepEqual([large.error.code, large.error.temporary, small.ok, disconnects], ["too_large", false, true, []]);
  });
});
