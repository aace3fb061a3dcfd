// Which pages may talk to a host, in a real Chromium with pages of several origins.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launch, noBrowser } from "./chromium.js";
import { noHost, RealHost } from "./real-host.js";

describe("pages of other origins", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let listing;
  let site;
  let browser;

  before(async () => {
    site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>a page"));
    await new Promise(resolve => site.listen(0, "127.0.0.1", resolve));
    // Names that resolve to this computer, as an attacker's may.
    browser = await launch("--host-resolver-rules=MAP *.test 127.0.0.1");
    host = await new RealHost().start();
    listing = await new RealHost(undefined, {}, { service: { origins: [`http://good.test:${site.address().port}`] } }).start();
  });

  after(async () => {
    await browser?.close();
    await host?.end();
    await listing?.end();
    site?.close();
  });

  /** What a page of an origin gets: whether its WebSocket opens, and the status of a POST, if it may read the answer. */
  async function reach(origin, { port }, name = "127.0.0.1") {
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    const socket = await page.evaluate(url => new Promise(resolve => {
      const opened = new WebSocket(url);
      opened.onopen = () => resolve("open");
      opened.onclose = () => resolve("closed");
    }), `ws://${name}:${port}/`);
    const post = await page.evaluate(
      url => fetch(url, { method: "POST" }).then(({ status }) => status, () => "unreadable"), `http://${name}:${port}/`);
    await page.context().close();
    return { socket, post };
  }

  test("a page of another server on this computer connects", async () => {
    const { socket } = await reach(`http://localhost:${site.address().port}/`, host);
    assert.equal(socket, "open");
  });

  test("a page of another site can neither connect nor write, and the log names it", async () => {
    const evil = `http://evil.test:${site.address().port}`;
    assert.deepEqual(await reach(`${evil}/`, host), { socket: "closed", post: "unreadable" });
    await host.said(`its Origin ${evil} is not among service.origins`, 2);
  });

  test("a page whose name was rebound to this computer gets nothing", async () => {
    // The page is of the same origin as the host, as far as the browser can tell.
    const { port } = host;
    const page = await (await browser.newContext()).newPage();
    const answer = await page.goto(`http://evil.test:${port}/`);
    assert.equal(answer.status(), 403);
    assert.match(await answer.text(), /does not know the name evil\.test: add it to service\.hosts/);
    assert.deepEqual(await reach(`http://evil.test:${port}/`, host, "evil.test"), { socket: "closed", post: 403 });
  });

  test("a listed origin connects, and no other site", async () => {
    const { port } = site.address();
    assert.equal((await reach(`http://good.test:${port}/`, listing)).socket, "open");
    assert.equal((await reach(`http://evil.test:${port}/`, listing)).socket, "closed");
  });
});
