// The host's pages in a real Chromium, on the real host.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launch, noBrowser } from "./chromium.js";
import { noHost, RealHost } from "./real-host.js";
import { storages } from "./storages.js";

const skip = noHost || noBrowser;

for (const storage of storages) describe(`in a browser, with ${storage.name}`, { skip: skip || storage.missing, timeout: 180_000 }, () => {
  let host;
  let browser;
  const mistakes = [];

  before(async () => {
    [host, browser] = await Promise.all([new RealHost(storage).start(), launch()]);
  });

  after(async () => {
    await browser?.close();
    await host?.end();
  });

  /** A page of somebody else: nothing is shared but the server. */
  async function open(path, options = {}, prepare = async () => {}) {
    const page = await (await browser.newContext(options)).newPage();
    await prepare(page);
    page.on("pageerror", error => mistakes.push(`${path}: ${error}`));
    await page.goto(host.origin + path);
    await page.waitForSelector('#status[data-state="connected"]');
    return page;
  }

  const shows = (page, selector, text) => page.waitForFunction(
    ([where, wanted]) => document.querySelector(where)?.textContent === wanted, [selector, text]);

  const here = (page, count) => page.waitForSelector(`#status[data-here="${count}"]`);

  /** Where things are on the board, 0-1 of its size, by what they are called. */
  const places = page => page.$$eval("#board [data-id]", elements => Object.fromEntries(elements.map(element =>
    [element.dataset.id, ["--x", "--y"].map(name => Number(element.style.getPropertyValue(name)).toFixed(3)).join(" ")])));

  const notes = page => page.$$eval("#board .note", elements => elements
    .map(element => `${element.dataset.id} ${element.style.getPropertyValue("--x")} ${element.style.getPropertyValue("--y")} ${element.querySelector("textarea").value}`)
    .sort());

  async function same(pages, read, enough) {
    const deadline = Date.now() + 20_000;
    while (true) {
      const [first, ...others] = (await Promise.all(pages.map(read))).map(value => JSON.stringify(value));
      if (others.every(other => other === first) && enough(JSON.parse(first))) return JSON.parse(first);
      assert.ok(Date.now() < deadline, `the pages differ:\n${[first, ...others].join("\n")}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  test("two people move the same things on the first page, a third gets the whole, and a restart loses and repeats nothing", async () => {
    const [ann, bob] = await Promise.all([open("/"), open("/", { viewport: { width: 375, height: 700 }, colorScheme: "dark" })]);
    await Promise.all([here(ann, 2), here(bob, 2)]);

    // Ann's pointer, as Bob sees it.
    const pointers = page => page.$$eval("#board .pointer", elements => elements.map(element => element.getAttribute("style")));
    const [before] = await same([bob], pointers, list => list.length === 1);
    const box = await (await ann.$("#board")).boundingBox();
    await ann.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.75);
    const [moved] = await same([bob], pointers, list => list.length === 1 && list[0] !== before);
    assert.match(moved, /--x: ?0\.25.*--y: ?0\.75/);

    // A note that Ann adds, writes on and drags, and that Bob goes on with.
    await ann.click("#add");
    await ann.fill("#board .note textarea", "hello");
    await same([ann, bob], notes, list => list.length === 1 && list[0].endsWith(" hello"));
    const grip = await (await ann.$("#board .grip")).boundingBox();
    await ann.mouse.move(grip.x + 5, grip.y + 5);
    await ann.mouse.down();
    await ann.mouse.move(grip.x + 105, grip.y + 65, { steps: 8 });
    await ann.mouse.up();
    const [dragged] = await same([ann, bob], notes, list => !/ 0 0 hello$/.test(list[0]));
    assert.match(dragged, / hello$/);
    await bob.fill("#board .note textarea", "hello to you");
    await same([ann, bob], notes, list => list[0].endsWith("hello to you"));

    // Both count.
    for (let click = 0; click < 5; click++) await Promise.all([ann.click("#click"), bob.click("#click")]);
    await Promise.all([shows(ann, "#count", "10"), shows(bob, "#count", "10")]);

    // A third comes later.
    const eve = await open("/");
    await Promise.all([shows(eve, "#count", "10"), same([ann, bob, eve], notes, list => list.length === 1)]);
    await here(ann, 3);

    // The server is killed under them, while they go on clicking; then it is back.
    await host.stop("SIGKILL");
    await ann.waitForSelector('#status:not([data-state="connected"])');
    await ann.click("#click");
    await bob.click("#add");
    await host.start();
    await Promise.all([ann, bob, eve].map(page => page.waitForSelector('#status[data-state="connected"]')));
    await Promise.all([ann, bob, eve].map(page => shows(page, "#count", "11")));
    await same([ann, bob, eve], notes, list => list.length === 2);

    // And restarted in peace.
    await host.stop();
    await host.start();
    await Promise.all([ann, bob, eve].map(page => page.waitForSelector('#status[data-state="connected"]')));
    for (let click = 0; click < 3; click++) await eve.click("#click");
    await Promise.all([ann, bob, eve].map(page => shows(page, "#count", "14")));
    await eve.click("#board .delete");
    await same([ann, bob, eve], notes, list => list.length === 1);

    // Who leaves is gone.
    await eve.close();
    await Promise.all([here(ann, 2), here(bob, 2)]);
    assert.deepEqual(Object.keys(await places(ann)).length, 2);
  });

  test("toggle: update and reset are seen by the other", async () => {
    const [ann, bob] = await Promise.all([open("/toggle.html"), open("/toggle.html")]);
    await ann.click("#update");
    await Promise.all([ann, bob].map(page => shows(page, "#value", '{"id":"myid","data":true}')));
    await bob.click("#update");
    await Promise.all([ann, bob].map(page => shows(page, "#value", '{"id":"myid","data":false}')));
    await host.stop("SIGKILL");
    await host.start();
    const eve = await open("/toggle.html");
    await shows(eve, "#value", '{"id":"myid","data":false}');
    await ann.waitForSelector('#status[data-state="connected"]');
    await bob.click("#reset");
    await Promise.all([ann, bob, eve].map(page => shows(page, "#value", "nothing")));
  });

  test("object: a value that one sets is everybody's", async () => {
    const [ann, bob] = await Promise.all([open("/object.html"), open("/object.html")]);
    await ann.fill("#text", "good morning");
    await ann.click("#set");
    await Promise.all([ann, bob].map(page => shows(page, "#value", '"good morning"')));
    await host.stop();
    await host.start();
    await bob.waitForSelector('#status[data-state="connected"]');
    await bob.fill("#text", "good night");
    await bob.click("#set");
    await Promise.all([ann, bob, await open("/object.html")].map(page => shows(page, "#value", '"good night"')));
  });

  test("collection: what one adds and deletes the other's list shows, markup as text", async () => {
    const [ann, bob] = await Promise.all([open("/collection.html"), open("/collection.html")]);
    const list = page => page.$$eval("#list .list-item", items => items.map(item => item.textContent).sort());
    for (const text of ["<b>bold</b>", "plain"]) {
      await ann.fill("#text", text);
      await ann.click("#add");
    }
    const shown = await same([ann, bob], list, items => items.length === 2);
    assert.ok(shown.some(text => text.includes("<b>bold</b>")), shown.join());
    await host.stop("SIGKILL");
    await host.start();
    const eve = await open("/collection.html");
    await same([ann, bob, eve], list, items => items.length === 2);
    await Promise.all([ann, bob].map(page => page.waitForSelector('#status[data-state="connected"]')));
    await bob.click("#list .list-item button");
    await same([ann, bob, eve], list, items => items.length === 1);
  });

  test("clock: pages whose own clocks are wrong show the server's time, also after a restart", async () => {
    const wrong = minutes => async page => {
      // A device that is minutes off: what Date says is moved before the page's code runs.
      await page.addInitScript(offset => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + offset;
      }, minutes * 60_000);
    };
    const pages = await Promise.all([open("/clock.html"), open("/clock.html", {}, wrong(7)), open("/clock.html", {}, wrong(-90))]);
    const right = async page => {
      await page.waitForFunction(() => /^\d+\.\d ms$/.test(document.querySelector("#trans").textContent) && document.querySelector("#trans").textContent !== "0.0 ms");
      const [shown, actual] = await page.evaluate(() => [document.querySelector("#now").textContent, new Date().toISOString().slice(11, 19)]);
      assert.match(shown, /^\d\d:\d\d:\d\d\.\d{3}$/);
      const seconds = text => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
      assert.ok(Math.abs(seconds(shown) - seconds(actual)) < 5, `${shown}, here ${actual}`);
    };
    for (const page of pages) await right(page);
    await host.stop();
    await host.start();
    await Promise.all(pages.map(page => page.waitForSelector('#status[data-state="connected"]')));
    for (const page of pages) await right(page);
  });

  // How a page looks is no matter of storage.
  if (storage === storages[0]) for (const path of ["/", "/toggle.html", "/object.html", "/collection.html", "/clock.html"]) {
    test(`${path} fits a phone, and is dark where the reader wants it dark`, async () => {
      const look = async options => {
        const page = await open(path, { viewport: { width: 375, height: 700 }, ...options });
        const seen = await page.evaluate(() => ({
          sideways: document.documentElement.scrollWidth - innerWidth,
          light: /\d+/.exec(getComputedStyle(document.body).backgroundColor === "rgba(0, 0, 0, 0)"
            ? getComputedStyle(document.documentElement).backgroundColor : getComputedStyle(document.body).backgroundColor)[0] > 127,
        }));
        await page.close();
        return seen;
      };
      assert.deepEqual(await look({ colorScheme: "dark" }), { sideways: 0, light: false });
      assert.deepEqual(await look({ colorScheme: "light" }), { sideways: 0, light: true });
    });
  }

  test("a page of another origin, written for the global bundle, works", async t => {
    const elsewhere = createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>elsewhere"));
    await new Promise(resolve => elsewhere.listen(0, "127.0.0.1", resolve));
    t.after(() => elsewhere.close());
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${elsewhere.address().port}/`);
    await page.addScriptTag({ url: `${host.origin}/libs/sharedstate.iife.min.js` });
    const items = await page.evaluate(async url => {
      const client = new SHAREDSTATE.SharedStateClient(url);
      const coll = client.acquire_collection("app/items/elsewhere");
      await client.connectedPromise();
      const { ok } = await coll.update_items({ insert: [{ id: "1", data: { a: 1 } }], reset: true });
      return ok && coll.get_items();
    }, host.origin.replace("http", "ws"));
    assert.deepEqual(items, [{ id: "1", data: { a: 1 } }]);
  });

  test("no page had a mistake to report", () => assert.deepEqual(mistakes, []));
});
