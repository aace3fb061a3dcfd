// The examples, which are built from the README alone, in a real Chromium on the real host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch, noBrowser } from "./chromium.js";
import { bundle } from "./frameworks.js";
import { noHost, RealHost } from "./real-host.js";

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const read = name => readFileSync(folder + name, "utf8");

describe("examples", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let browser;
  before(async () => { [host, browser] = await Promise.all([new RealHost().start(), launch()]); });
  after(async () => {
    await browser?.close();
    await host?.end();
  });

  /** An example as a page of the host. */
  async function open(t, name, body, query = "") {
    const page = await (await browser.newContext()).newPage();
    const mistakes = [];
    page.on("pageerror", error => mistakes.push(String(error)));
    t.after(async () => {
      await page.close();
      assert.deepEqual(mistakes, []);
    });
    await page.route(`${host.origin}/${name}*`, route => route.fulfill({ contentType: "text/html", body }));
    await page.goto(`${host.origin}/${name}${query}`);
    return page;
  }

  const lists = async (pages, texts) => {
    for (const page of pages) {
      await page.waitForFunction(wanted => {
        const shown = [...document.querySelectorAll("li")].map(({ innerText }) => innerText.replace(/Remove/, "").trim());
        return shown.join("|") === wanted;
      }, texts.join("|")).catch(async () => assert.fail(`${await page.innerText("body")}, not ${texts}`));
    }
  };

  test("the first page of the README shows what it inserts", async t => {
    const [, body] = /```html\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
    const page = await open(t, "first.html", body);
    await page.waitForFunction(() => document.body.textContent === "live: Hello");
  });

  test("the component of the README shows a list", async t => {
    const [, code] = /```jsx\n([^]*?)```/.exec(readFileSync(new URL("../README.md", import.meta.url), "utf8"));
    const page = await open(t, "component.html", '<div id="app"></div>');
    await page.addScriptTag({ content: await bundle(code.replace("wss://example.org", host.origin)) });
    await page.waitForSelector("ul.live", { state: "attached" });
    await page.evaluate(async () => {
      const { SharedStateClient } = await import("/libs/sharedstate.es.js");
      const todos = (globalThis.client = new SharedStateClient(".")).collection("/app/items/todos");
      for (const title of ["One", "Two"]) await todos.insert({ title });
    });
    await page.waitForFunction(() => document.getElementById("app").innerText.replace(/\s+/g, " ").trim() === "One Two");
    await page.evaluate(async () => {
      const todos = await client.collection("/app/items/todos").ready;
      await todos.remove(todos.items.map(({ id }) => id));
      client.dispose();
    });
  });

  test("todo list: two people add, tick and remove, in the order in which they added", async t => {
    const pages = [await open(t, "todo.html", read("todo.html")), await open(t, "todo.html", read("todo.html"))];
    const [ann, bob] = pages;
    for (const [page, title] of [[ann, "Milk"], [bob, "Bread <b>"], [ann, "Tea"]]) {
      await page.fill("#title", title);
      await page.click("#form button");
      await page.waitForFunction(wanted => document.body.innerText.includes(wanted), title);
    }
    await lists(pages, ["Milk", "Bread <b>", "Tea"]);
    await bob.click("li:nth-child(3) input");
    await ann.waitForSelector("li:nth-child(3) input:checked");
    await ann.click("li:nth-child(1) button");
    await lists(pages, ["Bread <b>", "Tea"]);
    await Promise.all(pages.map(page => page.waitForFunction(() => document.getElementById("state").textContent === "connected")));
    await ann.reload();
    await lists(pages, ["Bread <b>", "Tea"]);
  });

  test("presence list: a visitor is in all lists while the page is open", async t => {
    const ann = await open(t, "presence.html", read("presence.html"), "?name=Ann");
    await lists([ann], ["Ann (you)"]);
    const bob = await open(t, "presence.html", read("presence.html"), "?name=Bob");
    await lists([ann], ["Ann (you)", "Bob"]);
    await lists([bob], ["Bob (you)", "Ann"]);
    await bob.goto("about:blank");
    await lists([ann], ["Ann (you)"]);
  });

  test("React in StrictMode: a chat", async t => {
    const { outputFiles: [{ text }] } = await build({
      entryPoints: [folder + "react.jsx"], bundle: true, write: false, jsx: "automatic", conditions: ["browser"],
      define: { "process.env.NODE_ENV": '"development"' },
    });
    const body = `<!doctype html><div id="app"></div><script>${text.replaceAll("</script", "<\\/script")}</script>`;
    const pages = [await open(t, "react.html", body), await open(t, "react.html", body)];
    const [ann, bob] = pages;
    for (const [page, message] of [[ann, "Good morning"], [bob, "Morning"]]) {
      await page.waitForFunction(() => document.querySelector("p")?.innerText === "live");
      await page.fill("input", message);
      await page.press("input", "Enter");
      await page.waitForFunction(wanted => document.querySelector("ul").innerText.includes(wanted), message);
    }
    await lists(pages, ["Good morning", "Morning"]);
    await bob.click("h1 button");
    await ann.waitForFunction(() => document.querySelector("h1").innerText.startsWith("Breakfast"));
  });
});
