import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp, settle } from "./fakes.js";

/** A machine and a server whose clocks go only when told, and messages that take time. */
async function clocked(t) {
  const { server, network, client, advance } = setUp(t);
  const world = { machineMs: 0, sleptMs: 0, serverAhead: 5, thereMs: 0, backMs: 0 };
  const local = () => (performance.timeOrigin + world.machineMs) / 1000;
  t.mock.method(performance, "now", () => world.machineMs);
  t.mock.method(Date, "now", () => performance.timeOrigin + world.machineMs + world.sleptMs);
  Object.defineProperty(server, "now", { get: () => local() + world.serverAhead });
  const get = client.get.bind(client);
  t.mock.method(client, "get", async path => {
    world.machineMs += world.thereMs;
    const result = await get(path);
    world.machineMs += world.backMs;
    return result;
  });
  await settle();
  return {
    client, network, world, local,
    pings: () => server.received.length,
    async advance(ms) {
      for (; ms > 0; ms -= 20) {
        world.machineMs += 20;
        await advance(20);
      }
    },
  };
}

/** The same number of seconds, but for what a double loses at 1.7e9. */
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-5, `${a} is not ${b}`);

test("the clock is made on first use, and tells local time until it knows better", async t => {
  const { client, local, pings, advance } = await clocked(t);
  await advance(2000);
  assert.equal(pings(), 0);
  near(client.clock.now(), local());
  assert.equal(client.clock, client.clock);
  await advance(20);
  near(client.clock.now(), local() + 5);
  near(client.clock.skew, 5);
  near(client.clock.trans, 0);
});

test("it pings 3 times at 20 ms, 7 times at 500 ms, then every 10 s", async t => {
  const { client, pings, advance } = await clocked(t);
  client.clock;
  await advance(60);
  assert.equal(pings(), 3);
  await advance(3500);
  assert.equal(pings(), 10);
  await advance(9980);
  assert.equal(pings(), 10);
  await advance(20);
  assert.equal(pings(), 11);
});

test("the sample with the least round trip among the last 30 counts", async t => {
  const { client, world, advance } = await clocked(t);
  const { clock } = client;
  Object.assign(world, { thereMs: 10, backMs: 10 });
  await advance(20);
  near(clock.trans, 0.01);
  near(clock.skew, 5);
  Object.assign(world, { thereMs: 10, backMs: 410 }); // Taken for symmetric, this would be 0.2 s wrong.
  await advance(3600);
  near(clock.skew, 5);
  Object.assign(world, { thereMs: 20, backMs: 20 });
  await advance(190_000);
  near(clock.trans, 0.01);
  await advance(30_000);
  near(clock.trans, 0.02);
  near(clock.skew, 5);
});

test("the pinger pauses, resumes where it was, and restarts", async t => {
  const { client, pings, advance } = await clocked(t);
  const { pinger } = client.clock;
  await advance(40);
  pinger.pause();
  await advance(5000);
  assert.equal(pings(), 2);
  pinger.resume();
  pinger.resume();
  await advance(20);
  assert.equal(pings(), 3);
  await advance(500);
  assert.equal(pings(), 4);
  pinger.restart();
  await advance(60);
  assert.equal(pings(), 7);
  pinger.pause();
  pinger.restart();
  await advance(1000);
  assert.equal(pings(), 7);
});

test("without a connection nothing is asked; a new one, perhaps to another server, is measured anew", async t => {
  const { client, network, world, pings, advance } = await clocked(t);
  const { clock } = client;
  await advance(5000);
  const before = pings();
  network.mode = "hang";
  network.cut();
  await advance(1000);
  assert.equal(pings(), before);
  near(clock.skew, 5);
  Object.assign(world, { serverAhead: 9, thereMs: 50, backMs: 50 });
  network.last.open();
  await advance(60);
  assert.equal(pings(), before + 3);
  near(clock.skew, 9);
});

test("after the machine slept, what was measured before does not count", async t => {
  const { client, world, advance } = await clocked(t);
  const { clock } = client;
  await advance(60);
  Object.assign(world, { sleptMs: 60_000, serverAhead: 65, thereMs: 50, backMs: 50 });
  await advance(1000);
  near(clock.skew, 65);
});

test("an answer that is no number is no sample", async t => {
  const { client, advance } = await clocked(t);
  t.mock.method(client, "get", async () => ({ ok: true, path: "/clock", data: "soon" }));
  client.clock;
  await advance(100);
  assert.equal(client.clock.skew, 0);
});
