// The bindings with the real frameworks, in a real Chromium on the real host, and where pages are rendered on a server.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { bundle } from "./frameworks.js";
import { noHost, RealHost } from "./real-host.js";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * One app, three times: the items' texts, one item, an object with a button that sets it, the connection, and a switch that unmounts
 * the list.
 */
const apps = {
  react: {
    code: `
      import { StrictMode, Suspense, useState } from "react";
      import { createRoot } from "react-dom/client";
      import { SharedState, useCollection, useConnection, useItem, useObject, usePresence } from "sharedstate/react";
      const path = "/react/mitems/list";
      function List() {
        const { items, total, state } = useCollection(path);
        return <p id="list">{state} {total}: {items.map(({ text }) => text).join(",")}</p>;
      }
      function Suspended() {
        const { items } = useCollection(path, {}, { suspense: true });
        return <p id="suspended">{items.length}</p>;
      }
      function People() {
        const [x, setX] = useState(1);
        const { others, set } = usePresence("/react/mitems/people", { x });
        return <>
          <p id="others">{others.map(({ name }) => name).join(",")}</p>
          <button id="move" onClick={() => setX(2)}>move</button>
          <button id="point" onClick={() => set({ y: 3 })}>point</button>
        </>;
      }
      function App() {
        const [shown, setShown] = useState(true);
        const { state, pending } = useConnection();
        const [value, set] = useObject("/react/mitems/objects", "o");
        return <>
          {shown && <List />}
          {shown && <People />}
          <Suspense fallback={<p id="fallback">wait</p>}><Suspended /></Suspense>
          <p id="item">{useItem(path, "a")?.text}</p>
          <button id="set" onClick={() => set((value ?? 0) + 1)}>{String(value)}</button>
          <button id="toggle" onClick={() => setShown(!shown)}>toggle</button>
          <p id="state">{state} {pending}</p>
        </>;
      }
      const app = <SharedState url={globalThis.server}><App /></SharedState>;
      createRoot(document.getElementById("app")).render(<StrictMode>{app}</StrictMode>);`,
  },
  vue: {
    code: `
      import { createApp, ref } from "vue";
      import { sharedState, useCollection, useConnection, useItem, useObject, usePresence } from "sharedstate/vue";
      const path = "/vue/mitems/list";
      const template = '<p id="list">{{state}} {{total}}: {{items.map(({ text }) => text).join(",")}}</p>';
      const List = { setup: () => useCollection(path), template };
      const People = {
        setup() {
          const x = ref(1);
          return { x, ...usePresence("/vue/mitems/people", () => ({ x: x.value })) };
        },
        template: '<p id="others">{{others.map(({ name }) => name).join(",")}}</p><button id="move" @click="x = 2">move</button>'
          + '<button id="point" @click="set({ y: 3 })">point</button>',
      };
      createApp({
        components: { List, People },
        setup() {
          const { value, set } = useObject("/vue/mitems/objects", "o");
          return { shown: ref(true), item: useItem(path, "a"), ...useConnection(), value, set };
        },
        template: '<List v-if="shown" /><People v-if="shown" /><p id="item">{{item?.text}}</p>'
          + '<button id="set" @click="set((value ?? 0) + 1)">{{String(value)}}</button>'
          + '<button id="toggle" @click="shown = !shown">toggle</button><p id="state">{{state}} {{pending}}</p>',
      }).use(sharedState(globalThis.server)).mount("#app");`,
  },
  svelte: {
    code: 'import { mount } from "svelte"; import App from "svelte:App"; mount(App, { target: document.getElementById("app") });',
    components: {
      App: `<script>
          import { provideSharedState, useConnection, useItem, useObject } from "sharedstate/svelte";
          import List from "svelte:List";
          import People from "svelte:People";
          provideSharedState(globalThis.server);
          const item = useItem("/svelte/mitems/list", "a");
          const value = useObject("/svelte/mitems/objects", "o");
          const connection = useConnection();
          let shown = $state(true);
        </script>
        {#if shown}<List /><People />{/if}<p id="item">{$item?.text}</p>
        <button id="set" onclick={() => value.set(($value ?? 0) + 1)}>{String($value)}</button>
        <button id="toggle" onclick={() => { shown = !shown; }}>toggle</button><p id="state">{$connection.state} {$connection.pending}</p>`,
      List: `<script>
          import { useCollection } from "sharedstate/svelte";
          const list = useCollection("/svelte/mitems/list");
        </script>
        <p id="list">{$list.state} {$list.total}: {$list.items.map(({ text }) => text).join(",")}</p>`,
      People: `<script>
          import { usePresence } from "sharedstate/svelte";
          const people = usePresence("/svelte/mitems/people", { x: 1 });
        </script>
        <p id="others">{$people.map(({ name }) => name).join(",")}</p>
        <button id="move" onclick={() => people.set({ x: 2 })}>move</button>
        <button id="point" onclick={() => people.set({ y: 3 })}>point</button>`,
    },
  },
};

describe("bindings in a browser", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let browser;
  before(async () => { [host, browser] = await Promise.all([new RealHost().start(), launch()]); });
  after(async () => {
    await browser?.close();
    await host?.end();
  });

  /** A page of the host: one of no origin may not connect. */
  async function openEmpty(page) {
    await page.route(`${host.origin}/empty`, route => route.fulfill({ contentType: "text/html", body: '<div id="app"></div>' }));
    await page.goto(`${host.origin}/empty`);
  }

  for (const [framework, { code, components }] of Object.entries(apps)) test(`${framework}: a component shows a collection, an item, an object and the connection, live`, async t => {
    const client = new SharedStateClient(host.origin, { WebSocket });
    t.after(() => client.dispose());
    const path = `/${framework}/mitems/list`;
    await client.update(path, { insert: [{ id: "a", text: "one" }, { id: "b", text: "two" }] });
    const page = await browser.newPage();
    const mistakes = [];
    const messages = [];
    page.on("pageerror", error => mistakes.push(String(error)));
    page.on("console", message => ["error", "warning"].includes(message.type()) && mistakes.push(message.text()));
    page.on("websocket", socket => {
      socket.on("framereceived", ({ payload }) => messages.push(JSON.parse(payload)));
      socket.on("framesent", ({ payload }) => messages.push(JSON.parse(payload)));
    });
    await openEmpty(page);
    await page.evaluate(server => { globalThis.server = server; }, host.origin.replace("http", "ws"));
    await page.addScriptTag({ content: await bundle(code, { components }) });
    const shows = (selector, text) => page.waitForFunction(
      ([where, wanted]) => document.querySelector(where)?.textContent.trim() === wanted, [selector, text], { timeout: 10_000 })
      .catch(async () => {
        const shown = await page.textContent(selector).catch(String);
        assert.fail(`${selector} is ${shown}, not ${text}; ${mistakes.join("; ")}`);
      });

    await shows("#list", "live 2: one,two");
    await shows("#item", "one");
    await shows("#state", "connected 0");
    if (framework === "react") await shows("#suspended", "2");
    await client.update(path, { insert: [{ id: "a", text: "eins" }, { id: "c", text: "three" }] });
    await shows("#list", "live 3: eins,two,three");
    await shows("#item", "eins");
    await page.click("#set");
    await shows("#set", "1");
    const other = await client.collection(`/${framework}/mitems/objects`).ready;
    assert.equal(other.get("o").data, 1);
    const snapshots = messages.filter(({ cmd, path: of, data }) => cmd === "NOTIFY" && of === path && data.reset);
    assert.equal(snapshots.length, 1, "one snapshot, however often it was mounted");

    const me = client.presence(`/${framework}/mitems/people`, { name: "watcher" });
    await shows("#others", "watcher");
    await page.click("#move");
    await page.click("#point");
    const seen = await new Promise(resolve => me.others.subscribe(({ items }) =>
      items.length === 1 && items[0].x === 2 && items[0].y === 3 && resolve(items)));
    assert.equal(seen.length, 1, "one item, however often it was mounted");

    await page.click("#toggle");
    await new Promise(resolve => me.others.subscribe(({ items }) => items.length === 0 && resolve()));
    await client.update(path, { insert: [{ id: "d", text: "four" }] });
    await page.click("#toggle");
    await shows("#list", "live 4: eins,two,three,four");
    assert.deepEqual(mistakes, []);
    await page.close();
  });

  test("react: what no component shows any more is not subscribed to", async t => {
    const client = new SharedStateClient(host.origin, { WebSocket });
    t.after(() => client.dispose());
    const page = await browser.newPage();
    await openEmpty(page);
    await page.evaluate(server => { globalThis.server = server; }, host.origin.replace("http", "ws"));
    await page.addScriptTag({ content: await bundle(`
      import { StrictMode } from "react";
      import { createRoot } from "react-dom/client";
      import { SharedStateClient } from "sharedstate";
      import { SharedState, useCollection } from "sharedstate/react";
      const client = globalThis.client = new SharedStateClient(globalThis.server);
      const List = ({ path }) => <p id="list">{useCollection(path).state}</p>;
      const root = createRoot(document.getElementById("app"));
      const App = ({ path }) => <SharedState client={client}>{path && <List path={path} />}</SharedState>;
      globalThis.show = path => root.render(<StrictMode><App path={path} /></StrictMode>);
      show("/gone/mitems/one");`) });
    const subscribed = async paths => {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const now = await page.evaluate(async () => (await client.get("/subs")).data.map(([path]) => path));
        if (String(now) === String(paths)) return;
        assert.ok(Date.now() < deadline, `${now}`);
      }
    };
    await subscribed(["/gone/mitems/one"]);
    await page.evaluate(() => show("/gone/mitems/two"));
    await subscribed(["/gone/mitems/two"]);
    await page.evaluate(() => show());
    await subscribed([]);
    await page.close();
  });
});

describe("bindings where pages are rendered on a server", () => {
  const rendered = {
    react: `
      const { renderToString } = require("react-dom/server");
      const { SharedState, useCollection, useConnection, useItem, useObject } = require("sharedstate/react");
      const path = "/a/items/c";
      const App = () => {
        const [object] = useObject(path, "a");
        return <p>{useCollection(path).state} {String(useItem(path, "a"))} {String(object)} {useConnection().state}</p>;
      };
      module.exports = Promise.resolve(renderToString(<SharedState url="."><App /></SharedState>));`,
    vue: `
      const { createSSRApp } = require("vue");
      const { renderToString } = require("vue/server-renderer");
      const { sharedState, useCollection, useConnection, useItem, useObject } = require("sharedstate/vue");
      const path = "/a/items/c";
      const setup = () => ({
        list: useCollection(path).state, item: useItem(path, "a"), object: useObject(path, "a").value, connection: useConnection().state,
      });
      const template = "<p>{{list}} {{String(item)}} {{String(object)}} {{connection}}</p>";
      module.exports = renderToString(createSSRApp({ setup, template }).use(sharedState(".")));`,
    svelte: `
      const { render } = require("svelte/server");
      module.exports = Promise.resolve(render(require("svelte:App").default).body);`,
  };
  const components = { App: `<script>
      import { provideSharedState, useCollection, useConnection, useItem, useObject } from "sharedstate/svelte";
      provideSharedState(".");
      const path = "/a/items/c";
      const list = useCollection(path), item = useItem(path, "a"), object = useObject(path, "a"), connection = useConnection();
    </script><p>{$list.state} {String($item)} {String($object)} {$connection.state}</p>` };

  for (const [framework, code] of Object.entries(rendered)) test(`${framework}: nothing connects, a collection is pending`, async () => {
    const module = { exports: undefined };
    const run = new Function("module", "require", await bundle(code, { platform: "node", components }));
    run(module, createRequire(join(here, "x.js")));
    const html = (await module.exports).replace(/<!--.*?-->/g, "");
    assert.match(html, /<p>pending undefined undefined connecting<\/p>/);
  });
});

describe("an option that does not exist", () => {
  const options = "the options are filter, order, limit, after, fields, as, conflate, maxRate";
  const react = call => `
      const { renderToString } = require("react-dom/server");
      const { SharedState, useCollection } = require("sharedstate/react");
      const App = () => <p>{${call}.state}</p>;
      module.exports = new Promise(resolve => resolve(renderToString(<SharedState url="."><App /></SharedState>)));`;
  const refused = {
    react: [react('useCollection("/a/items/c", { fliter: {} })'), `unknown option "fliter": ${options}`],
    "react, suspense": [
      react('useCollection("/a/items/c", {}, { suspence: true })'), 'unknown option "suspence": the options are suspense',
    ],
    vue: [`
      const { createSSRApp } = require("vue");
      const { renderToString } = require("vue/server-renderer");
      const { sharedState, useCollection } = require("sharedstate/vue");
      const setup = () => useCollection("/a/items/c", () => ({ fliter: {} }));
      const app = createSSRApp({ setup, template: "<p>{{state}}</p>" }).use(sharedState("."));
      app.config.warnHandler = () => {};
      module.exports = renderToString(app);`, `unknown option "fliter": ${options}`],
    svelte: [`
      const { render } = require("svelte/server");
      module.exports = new Promise(resolve => resolve(render(require("svelte:App").default).body));`,
    `unknown option "fliter": ${options}`],
  };
  const components = { App: `<script>
      import { SharedStateClient } from "sharedstate";
      import { provideSharedState, useCollection } from "sharedstate/svelte";
      const client = new SharedStateClient("ws://host", { timeoutMs: 0, WebSocket: class { close() {} } });
      provideSharedState(client);
      const list = useCollection("/a/items/c", { fliter: {} });
    </script><p>{$list.state}</p>` };

  for (const [name, [code, message]] of Object.entries(refused)) test(`${name}: throws where the component is rendered`, async () => {
    const module = { exports: undefined };
    const run = new Function("module", "require", await bundle(code, { platform: "node", components }));
    run(module, createRequire(join(here, "x.js")));
    await assert.rejects(module.exports, { name: "TypeError", message });
  });
});
