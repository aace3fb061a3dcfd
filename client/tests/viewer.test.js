// CollectionViewer in a real Chromium, on a collection in memory of its own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { launch, noBrowser } from "./chromium.js";

const bundle = readFileSync(new URL("../dist/sharedstate.iife.js", import.meta.url), "utf8");

describe("CollectionViewer", { skip: noBrowser, timeout: 60_000 }, () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(() => browser?.close());

  /** A page with a viewer of a collection. `options` is code, for it may hold functions. `set(items)` makes the items those. */
  async function viewed(items, options = "{}", html = "", view = {}) {
    const page = await browser.newPage();
    const mistakes = [];
    page.on("pageerror", error => mistakes.push(String(error)));
    await page.setContent(`${html}<div id="list"></div>`);
    await page.addScriptTag({ content: bundle });
    await page.evaluate(([first, code, view]) => {
      const removed = [];
      const { ProxyCollection, CollectionViewer } = SHAREDSTATE;
      const send = async (path, changes) => {
        removed.push(...changes.remove ?? []);
        return { ok: true };
      };
      const collection = new ProxyCollection("/app/items/c", view, { send, release() {}, resubscribe() {} });
      const set = insert => collection.receive({ data: { reset: true, insert } });
      const change = data => collection.receive({ data });
      set(first);
      new CollectionViewer(collection, document.getElementById("list"), eval(`(${code})`));
      Object.assign(globalThis, { set, change, removed, collection });
    }, [items, options, view]);
    const texts = () => page.$$eval("#list > *", children => children.map(({ innerText }) => innerText));
    return { page, texts, mistakes };
  }

  test("each item is a div.list-item, in the collection's order, from the start and with each change", async () => {
    const { page, texts } = await viewed([{ id: "b", data: 1 }]);
    const first = await page.$$eval("#list > *", ([{ tagName, className, id, dataset }]) => [tagName, className, id, dataset.id]);
    assert.deepEqual(first, ["DIV", "list-item", "b", "b"]);
    await page.evaluate(() => {
      globalThis.element = document.getElementById("b");
      change({ insert: [{ id: "c" }, { id: "b", data: 2 }, { id: "a" }] });
    });
    assert.deepEqual(await texts(), ["a", "b 2", "c"]);
    assert.equal(await page.evaluate(() => document.getElementById("b") === element), true, "a replaced item keeps its element");
    await page.evaluate(() => change({ remove: ["b"] }));
    assert.deepEqual(await texts(), ["a", "c"]);
  });

  test("in a view with an order, what changed moves to its place, and nothing else does", async () => {
    const { page, texts, mistakes } = await viewed(["a", "b", "c"].map((id, itv) => ({ id, itv })), "{}", "", { order: [["itv", 1]] });
    await page.evaluate(() => {
      globalThis.moves = [];
      new MutationObserver(records => moves.push(...records.flatMap(({ addedNodes }) => [...addedNodes].map(({ id }) => id))))
        .observe(document.getElementById("list"), { childList: true });
    });
    const after = async ([code, wanted, moved]) => {
      await page.evaluate(code);
      assert.deepEqual([(await texts()).join(), (await page.evaluate(() => moves.splice(0))).join()], [wanted, moved], code);
    };
    await after(["change({ insert: [{ id: 'a', itv: 5 }] })", "b 1,c 2,a 5", "a"]);
    await after(["change({ insert: [{ id: 'a', itv: 0 }] })", "a 0,b 1,c 2", "a"]);
    await after(["change({ insert: [{ id: 'b', itv: 1, data: 'same place' }] })", "a 0,b 1 same place,c 2", ""]);
    await after(["change({ insert: [{ id: 'd', itv: 1 }, { id: 'c', itv: -1 }] })", "c -1,a 0,b 1 same place,d 1", "d,c"]);
    await page.evaluate(() => {
      collection.setView({ order: [["itv", -1]] });
      set([...collection.items]);
    });
    assert.deepEqual(await texts(), ["b 1 same place", "d 1", "a 0", "c -1"]);
    assert.deepEqual(mistakes, []);
  });

  test("an item shows its id, itv, and data or state, each with its class, and nothing of it is taken for HTML", async () => {
    const { page, texts } = await viewed([
      { id: "1", itv: [0, 2.5], data: { text: "<b>" } },
      { id: "2", state: [{ id: "x" }] },
      { id: "<img src=x onerror=alert(1)>", data: "<script>" },
    ]);
    assert.deepEqual(await texts(), ['1 [0,2.5] {"text":"<b>"}', '2 [{"id":"x"}]', "<img src=x onerror=alert(1)> <script>"]);
    const classes = await page.$$eval(".list-item", elements =>
      elements.map(element => [...element.querySelectorAll("[class]")].map(({ className }) => className).join()));
    assert.deepEqual(classes, ["id,itv,data", "id,state", "id,data"]);
    assert.equal(await page.$("#list img"), null);
  });

  test("any id will do, also one that is no CSS selector", async () => {
    const ids = ["", "\0", '"', "#.:[]", "1", "__proto__", "a b", "ä"];
    const { page } = await viewed(ids.map(id => ({ id })));
    assert.deepEqual(await page.$$eval(".list-item", elements => elements.map(({ dataset }) => dataset.id)), ids);
    await page.evaluate(() => set([]));
    assert.equal((await page.$$(".list-item")).length, 0);
  });

  test("an item does not take over the id of an element of the page", async () => {
    const { page } = await viewed([{ id: "status" }, { id: "free" }], "{}", '<p id="status">connected</p>');
    assert.equal(await page.evaluate(() => document.getElementById("status").textContent), "connected");
    const ids = await page.$$eval(".list-item", elements => elements.map(({ id, dataset }) => [id, dataset.id]));
    assert.deepEqual(ids, [["free", "free"], ["", "status"]]);
  });

  test("with delete each item has a button that removes it", async () => {
    const { page } = await viewed([{ id: "a" }, { id: "delete" }], "{ delete: true }");
    assert.equal(await page.getAttribute(".list-item button", "aria-label"), "Delete a");
    await page.click('[data-id="delete"] .id');
    assert.deepEqual(await page.evaluate(() => removed), [], "an item may be called delete");
    await page.click(".list-item button");
    assert.deepEqual(await page.evaluate(() => removed), ["a"]);
  });

  test("a toString of one's own returns HTML, and what has the id delete in it removes the item", async () => {
    const options = '{ delete: true, toString: item => `<b>${item.data}</b> <a id="delete"><i>remove</i></a>` }';
    const { page } = await viewed([{ id: "a", data: 1 }], options);
    assert.equal(await page.innerHTML(".list-item"), '<b>1</b> <a id="delete"><i>remove</i></a>');
    await page.click(".list-item b");
    await page.click(".list-item i");
    assert.deepEqual(await page.evaluate(() => removed), ["a"]);
  });

  test("without delete nothing is removed, and the toString that every object has is not one's own", async () => {
    const { page, texts, mistakes } = await viewed([{ id: "a", data: 1 }], "{ delete: false }", '<button id="delete">not mine</button>');
    assert.deepEqual(await texts(), ["a 1"]);
    await page.click("#delete");
    assert.deepEqual([await page.evaluate(() => removed), mistakes], [[], []]);
  });
});
