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

  /** A page in a browser context of its own: nothing is shared but the server. */
  async function open(path, { host: { origin } = host, ...options } = {}, prepare = async () => {}) {
    const page = await (await browser.newContext(options)).newPage();
    await prepare(page);
    page.on("pageerror", error => mistakes.push(`${path}: ${error}`));
    await page.goto(origin + path);
    await page.waitForSelector('#status[data-state="connected"]');
    return page;
  }

  const shows = (page, selector, text) => page.waitForFunction(
    ([where, wanted]) => document.querySelector(where)?.textContent === wanted, [selector, text]);

  const here = (page, count) => page.waitForSelector(`#status[data-here="${count}"]`);

  /** The notes on a board: where they are, 0-1 of its free room, their order, and their text. */
  const notes = page => page.$$eval("#board .note", elements => elements.map(element =>
    [
      ...["--x", "--y"].map(name => Number(element.style.getPropertyValue(name)).toFixed(3)),
      element.style.zIndex,
      element.querySelector("textarea").value,
    ].join(" ")).sort());

  const note = (page, text) => page.locator(`#board [aria-label="Note: ${text}"]`);

  async function drag(page, target, [dx, dy]) {
    const box = await target.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + dx, box.y + box.height / 2 + dy, { steps: 8 });
    await page.mouse.up();
  }

  async function same(pages, read, enough) {
    const deadline = Date.now() + 20_000;
    while (true) {
      const [first, ...others] = (await Promise.all(pages.map(read))).map(value => JSON.stringify(value));
      if (others.every(other => other === first) && enough(JSON.parse(first))) return JSON.parse(first);
      assert.ok(Date.now() < deadline, `the pages differ:\n${[first, ...others].join("\n")}`);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  test("two visitors move the same notes, a third gets the whole board, and a restart loses and repeats nothing", async () => {
    const phone = { viewport: { width: 375, height: 700 }, colorScheme: "dark" };
    const [ann, bob] = await Promise.all([open("/board.html"), open("/board.html", phone)]);
    await Promise.all([here(ann, 2), here(bob, 2)]);
    await same([ann, bob], notes, list => list.length === 3);

    // Ann's pointer, as Bob sees it.
    const pointers = page => page.$$eval("#board .pointer", elements => elements.map(element => element.getAttribute("style")));
    const [before] = await same([bob], pointers, list => list.length === 1);
    const box = await (await ann.$("#board")).boundingBox();
    await ann.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.75);
    const [moved] = await same([bob], pointers, list => list.length === 1 && list[0] !== before);
    assert.match(moved, /--x: ?0\.25.*--y: ?0\.75/);

    // A note that Ann adds, which is centred and focused, writes on and drags, and that Bob goes on with.
    await ann.click("#add");
    await ann.keyboard.type("hello");
    await same([ann, bob], notes, list => list.length === 4 && list.some(line => /^0\.500 0\.500 \d+ hello$/.test(line)));
    await drag(ann, note(ann, "hello"), [90, 60]);
    await same([ann, bob], notes, list => list.some(line => line.endsWith(" hello") && !line.startsWith("0.500 ")));
    await bob.click("#board [aria-label='Note: hello']");
    await bob.keyboard.type(" to you");
    await same([ann, bob], notes, list => list.some(line => line.endsWith(" hello to you")));

    // The touched note comes to the front for all.
    await note(bob, "Write on me.").click();
    const z = line => Number(line.split(" ")[2]);
    await same([ann, bob], notes, list => Math.max(...list.map(z)) === z(list.find(line => line.endsWith("Write on me."))));
    await bob.keyboard.press("Escape");

    // The server is killed under them, while they go on; then it is back. What Ann did meanwhile is sent.
    await host.stop("SIGKILL");
    await ann.waitForSelector('#status:not([data-state="connected"])');
    await ann.click("#add");
    await ann.keyboard.type("made offline");
    await host.start();
    const eve = await open("/board.html");
    await Promise.all([ann, bob].map(page => page.waitForSelector('#status[data-state="connected"]')));
    await same([ann, bob, eve], notes, list => list.length === 5 && list.some(line => line.endsWith(" made offline")));

    // And restarted in peace.
    await host.stop();
    await host.start();
    await Promise.all([ann, bob, eve].map(page => page.waitForSelector('#status[data-state="connected"]')));
    await note(eve, "made offline").locator(".delete").click();
    await same([ann, bob, eve], notes, list => list.length === 4);

    // A visitor that leaves is gone.
    await here(ann, 3);
    await eve.close();
    await Promise.all([here(ann, 2), here(bob, 2)]);
    await Promise.all([ann.close(), bob.close()]);
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

  test("object: a value that one page sets shows on all", async () => {
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
    assert.deepEqual(shown.map(text => text.replace("Delete", "").trim()).sort(), ["<b>bold</b>", "plain"], "the texts, not the ids");
    await host.stop("SIGKILL");
    await host.start();
    const eve = await open("/collection.html");
    await same([ann, bob, eve], list, items => items.length === 2);
    await Promise.all([ann, bob].map(page => page.waitForSelector('#status[data-state="connected"]')));
    await bob.click("#list .list-item button");
    await same([ann, bob, eve], list, items => items.length === 1);
  });

  test("view: one page filters 10,000 messages while another one writes", async () => {
    const [ann, bob] = await Promise.all([open("/view.html"), open("/view.html")]);
    const shown = page => page.$$eval("#list li", lines => lines.map(({ firstChild }) => firstChild.textContent));
    await ann.click("#fill");
    await Promise.all([ann, bob].map(page => shows(page, "#total", "10 of 10,000")));
    assert.deepEqual(await shown(ann), await shown(bob));
    const totals = (page, pattern) => page.waitForFunction(
      wanted => new RegExp(wanted).test(document.getElementById("total").value), pattern);
    for (const query of ["(", "r", "red"]) await ann.fill("#query", query);
    await totals(ann, "^10 of 3,\\d{3}$");
    assert.deepEqual((await shown(ann)).filter(text => !text.startsWith("red ")), []);
    assert.match(await bob.textContent("#total"), /^10 of 10,000$/, "each page has its own view");

    await bob.click("#write");
    const first = await ann.$eval("#list time", time => time.textContent);
    await ann.waitForFunction(time => document.querySelector("#list time").textContent !== time, first);
    assert.deepEqual((await shown(ann)).filter(text => !text.startsWith("red ")), []);
    await bob.click("#write");
    await ann.fill("#query", "");
    await totals(ann, "^10 of 10,\\d{3}$");
    await same([ann, bob], shown, list => list.length === 10);
    await ann.fill("#query", "no such thing");
    await shows(ann, "#total", "0 of 0");
    await Promise.all([ann.close(), bob.close()]);
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

  // How a page looks, and how it is used, is no matter of storage.
  if (storage === storages[0]) {
    test("the first page shows one board twice: the right follows the left, and the line that ran is marked", async () => {
      const page = await open("/", { viewport: { width: 1280, height: 900 } });
      const right = page.frame({ url: /board\.html/ });
      await Promise.all([here(page, 2), right.waitForSelector('#status[data-here="2"]')]);
      const [left, other] = [await (await page.$("#board")).boundingBox(), await (await right.$("#board")).boundingBox()];
      const size = ({ height, width }) => [height, width].map(Math.round);
      assert.deepEqual(size(left), size(other), "the two look the same");
      await page.click("#add");
      await page.keyboard.type("look right");
      await same([page, right], notes, list => list.some(line => line.endsWith(" look right")));
      await drag(page, note(page, "look right"), [-120, 40]);
      await same([page, right], notes, list => list.some(line => line.endsWith(" look right") && !line.startsWith("0.5")));
      assert.equal((await page.$$("#lines .line")).length, 5);
      await page.waitForFunction(() => document.querySelector("#lines .ran")?.textContent.startsWith("notes.subscribe("));
      const demo = await (await fetch(`${host.origin}/demo.js`)).text();
      assert.ok(demo.includes((await page.textContent("#lines")).trim()), "the lines are those that run");
      assert.match(await page.textContent("#no-phone"), /"host": "0\.0\.0\.0"/);
      await page.close();
    });

    test("notes can be moved and written on by keys alone, are named by their text, and the focus stays after a deletion", async () => {
      const page = await open("/board.html");
      await page.click("#add");
      await page.keyboard.type("by keys");
      await page.keyboard.press("Escape");
      const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
      assert.equal(await focused(), "Note: by keys");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await same([page], notes, list => list.some(line => line.endsWith(" by keys") && !line.startsWith("0.500 0.500")));
      await page.keyboard.press("Enter");
      await page.keyboard.type("!");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Delete");
      assert.match(await focused(), /^Note: /);
      await same([page], notes, list => !list.some(line => line.includes("by keys")));
      for (let left = (await notes(page)).length; left > 0; left--) await page.keyboard.press("Delete");
      assert.equal(await focused(), "add");
      await page.close();
    });

    test("a visitor counts from the first moment, before there is a connection", async () => {
      const page = await (await browser.newContext()).newPage();
      await page.addInitScript(() => {
        globalThis.WebSocket = class { send() {} close() {} };
      });
      await page.goto(`${host.origin}/board.html`);
      await shows(page, "#status", "connecting… · 1 here");
      await page.close();
    });

    test("a visitor who leaves with changes that wait for a connection is asked", async () => {
      const page = await open("/board.html");
      const asked = [];
      page.on("dialog", async dialog => {
        asked.push(dialog.type());
        await dialog.accept();
      });
      await page.click("#add");
      await page.keyboard.type("here");
      await same([page], notes, list => list.some(line => line.endsWith(" here")));
      await page.reload();
      assert.deepEqual(asked, [], "all is stored");

      await page.waitForSelector('#status[data-state="connected"]');
      await host.stop("SIGKILL");
      await page.waitForSelector('#status:not([data-state="connected"])');
      await page.click("#add");
      await page.keyboard.type("waits");
      await page.close({ runBeforeUnload: true });
      if (!page.isClosed()) await page.waitForEvent("close");
      assert.deepEqual(asked, ["beforeunload"]);
      await host.start();
    });

    test("a change that the server refuses is reported as lost, and all windows show what the server has", async t => {
      const strict = await new RealHost(storage, { item_bytes: 150 }).start();
      t.after(() => strict.end());
      const [ann, bob] = await Promise.all([open("/board.html", { host: strict }), open("/board.html", { host: strict })]);
      await ann.click("#add");
      await ann.keyboard.insertText("short");
      await same([ann, bob], notes, list => list.some(line => line.endsWith(" short")));
      await ann.keyboard.insertText("x".repeat(190));
      await ann.waitForSelector("#lost:not(:empty)");
      assert.match(await ann.textContent("#lost"), /^A change was lost: .*150/);
      await ann.keyboard.press("Escape");
      await same([ann, bob], notes, list => list.some(line => line.endsWith(" short")));
      await Promise.all([ann.close(), bob.close()]);
    });

    test("the link for a phone is the server's address in the network, or the sentence that makes it one", async () => {
      const local = await open("/");
      assert.match(await local.innerText("#no-phone"), new RegExp(`"host": "0\\.0\\.0\\.0"[^]*:${new URL(host.origin).port}/`));
      assert.equal(await local.isVisible("#link"), false);
      await local.close();
      const inNetwork = page => page.route("**/lan", route => route.fulfill({ json: { url: "http://192.0.2.7:9000/" } }));
      const page = await open("/", {}, inNetwork);
      await page.waitForSelector("#link");
      assert.equal(await page.inputValue("#link"), "http://192.0.2.7:9000/");
      assert.equal(await page.isVisible("#no-phone"), false);
      await page.close();
    });

    test("the first page links to its docs and its source, and each minimal page shows its code and the next", async () => {
      const first = await open("/");
      for (const name of ["Docs", "Protocol", "Source of this page"]) {
        const target = await fetch(await first.getByRole("link", { name }).evaluate(link => link.href));
        assert.equal(target.status, 200, name);
        assert.match(target.headers.get("content-type"), /^text\/(plain|javascript)/, name);
      }
      await first.getByRole("link", { name: "toggle" }).click();
      const seen = [];
      while (seen.length < 5) {
        await first.waitForSelector('#status[data-state="connected"]');
        seen.push(new URL(first.url()).pathname);
        assert.match(await first.textContent("#code"), /^import .*\n[^]*new SharedStateClient\("\."\)/);
        await first.getByRole("link", { name: /^Next/ }).click();
        await first.waitForURL(url => url.pathname !== seen.at(-1));
      }
      assert.deepEqual(seen, ["/toggle.html", "/object.html", "/collection.html", "/view.html", "/clock.html"]);
      await first.close();
    });

    test("notes and the line that ran can be seen in forced colours", async () => {
      const page = await open("/", { forcedColors: "active" });
      await page.click("#add");
      const seen = (selector, property) => page.$eval(selector, (element, name) => getComputedStyle(element)[name], property);
      assert.equal(await seen(".note", "borderTopStyle"), "solid");
      await page.waitForSelector("#lines .ran");
      assert.match(await seen("#lines .ran", "textDecorationLine"), /underline/);
      await page.close();
    });

    test("a touch moves a note, and text that a visitor is typing is not replaced by another's", async () => {
      const [ann, bob] = await Promise.all([open("/board.html", { hasTouch: true }), open("/board.html")]);
      await ann.click("#add");
      await ann.keyboard.type("touch");
      await ann.keyboard.press("Escape");
      await same([ann, bob], notes, list => list.some(line => line.endsWith(" touch")));
      const { x, y, width, height } = await note(ann, "touch").boundingBox();
      const session = await ann.context().newCDPSession(ann);
      const finger = (type, dx = 0) => {
        const touchPoints = type === "touchEnd" ? [] : [{ x: x + width / 2 + dx, y: y + height / 2 }];
        return session.send("Input.dispatchTouchEvent", { type, touchPoints });
      };
      await finger("touchStart");
      for (const dx of [20, 40, 60, 80]) await finger("touchMove", dx);
      await finger("touchEnd");
      await same([ann, bob], notes, list => list.some(line => line.endsWith(" touch") && !line.startsWith("0.500")));

      // Both write on it at once: while Ann types, she sees her own text, and in the end both have the same.
      await note(ann, "touch").press("Enter");
      await note(bob, "touch").press("Enter");
      await ann.keyboard.type(" of Ann");
      await bob.keyboard.type(" of Bob");
      assert.equal(await ann.evaluate(() => document.activeElement.value), "touch of Ann");
      await Promise.all([ann, bob].map(page => page.keyboard.press("Escape")));
      await same([ann, bob], notes, list => list.some(line => /touch of .*(Ann|Bob)/.test(line)));
      await Promise.all([ann.close(), bob.close()]);
    });
  }

  if (storage === storages[0]) for (const path of ["/", "/board.html", "/toggle.html", "/object.html", "/collection.html", "/view.html", "/clock.html"]) {
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
