// Pages that sleep and wake, and networks that come and go, in a real Chromium. Only what wakes a page can make it live in time: the
// heartbeat takes more than 20 s.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { noHost, RealHost } from "./real-host.js";
import { SlowLink } from "./slow-link.js";

const SOON_MS = 8000;

describe("a page that wakes", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let browser;
  before(async () => { [host, browser] = await Promise.all([new RealHost().start(), launch()]); });
  after(async () => {
    await browser?.close();
    await host?.end();
  });

  /** A page with a live collection behind a link that a test can stall, and a client beside it. */
  async function opened(t, name) {
    const link = await SlowLink.to(Number(new URL(host.origin).port), 10_000_000);
    const beside = new SharedStateClient(host.origin, { WebSocket });
    const page = await (await browser.newContext()).newPage();
    t.after(async () => {
      await page.close();
      beside.dispose();
      link.end();
    });
    await page.goto(`${host.origin}/toggle.html`);
    await page.addScriptTag({ url: `${host.origin}/libs/sharedstate.iife.js` });
    const path = `/wake/mitems/${name}`;
    await page.evaluate(async ([url, of]) => {
      const client = globalThis.client = new SHAREDSTATE.SharedStateClient(url);
      globalThis.collection = await client.collection(of).ready;
      globalThis.states = [];
      collection.subscribe(({ state }) => states.push(state));
    }, [link.origin, path]);
    const shows = id => page.waitForFunction(wanted => collection.state === "live" && collection.has(wanted), id, { timeout: SOON_MS });
    /** The page's clock jumps, as after a sleep. */
    const sleep = () => page.evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 3_600_000;
    });
    return { link, page, shows, sleep, change: id => beside.update(path, { insert: [{ id }] }) };
  }

  // A headless page is always visible, so the events are made up; that the connection died, and a new one comes, is real.
  for (const [what, run] of [
    ["thaws", () => document.dispatchEvent(new Event("resume"))],
    ["is shown again", () => document.dispatchEvent(new Event("visibilitychange"))],
    ["comes back from the back/forward cache", () => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))],
  ]) test(`a page that ${what} after its connection died is live soon`, async t => {
    const { link, page, shows, sleep, change } = await opened(t, what.replaceAll("/", "-"));
    await sleep();
    link.stall();
    await change("meanwhile");
    await page.evaluate(run);
    await shows("meanwhile");
  });

  test("offline with a dead connection, it says so soon, and is live soon after it is online", async t => {
    const { link, page, shows, change } = await opened(t, "offline");
    link.stall();
    await page.context().setOffline(true);
    await page.waitForFunction(() => client.state !== "connected", undefined, { timeout: SOON_MS });
    await change("meanwhile");
    await page.context().setOffline(false);
    await shows("meanwhile");
    assert.ok((await page.evaluate(() => states)).includes("stale"));
  });
});
