// Views in the bindings, with the real frameworks, in a real Chromium on the real host.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { bundle } from "./frameworks.js";
import { noHost, RealHost } from "./real-host.js";

/**
 * One app, three times: two lists with the same view of the two greatest items of a kind. The visitor chooses the kind of the first list;
 * a button renders anew with equal options. `seen` has all that the first list has shown.
 */
const optionsOf = 'kind => ({ limit: 2, filter: { kind }, order: [["n", -1]] })';
const text = '({ state, total, items }) => `${state} ${total}: ${items.map(({ n }) => n).join(",")}`';
const globals = `globalThis.seen = []; const optionsOf = ${optionsOf}; const text = ${text}; const see = shown => { seen.push(shown); return shown; };`;

const apps = {
  react: {
    code: `
      import { StrictMode, Suspense, useState } from "react";
      import { createRoot } from "react-dom/client";
      import { SharedState, useCollection } from "sharedstate/react";
      ${globals}
      const path = "/react/mitems/views";
      const List = ({ kind }) => <p id="list">{see(text(useCollection(path, optionsOf(kind), { suspense: true })))}</p>;
      const Fixed = () => <p id="fixed">{text(useCollection(path, optionsOf("a")))}</p>;
      function App() {
        const [kind, setKind] = useState("a");
        const [count, setCount] = useState(0);
        return <>
          <Suspense fallback={<p id="fallback">wait</p>}><List kind={kind} /></Suspense><Fixed />
          <input value={kind} onChange={event => setKind(event.target.value)} />
          <button onClick={() => setCount(count + 1)}>{count}</button>
        </>;
      }
      const app = <SharedState url={globalThis.server}><App /></SharedState>;
      createRoot(document.getElementById("app")).render(<StrictMode>{app}</StrictMode>);`,
  },
  vue: {
    code: `
      import { createApp, ref } from "vue";
      import { sharedState, useCollection } from "sharedstate/vue";
      ${globals}
      const path = "/vue/mitems/views";
      const List = {
        props: ["kind", "count"],
        setup: props => ({ ...useCollection(path, () => ({ ...optionsOf(props.kind), conflate: props.count < 0 || undefined })), text, see }),
        template: '<p id="list">{{see(text({ state, total, items }))}}</p>',
      };
      const Fixed = { setup: () => ({ ...useCollection(path, optionsOf("a")), text }), template: '<p id="fixed">{{text({ state, total, items })}}</p>' };
      createApp({
        components: { List, Fixed },
        setup: () => ({ kind: ref("a"), count: ref(0) }),
        template: '<List :kind="kind" :count="count" /><Fixed /><input v-model="kind"><button @click="count++">{{count}}</button>',
      }).use(sharedState(globalThis.server)).mount("#app");`,
  },
  svelte: {
    code: 'import { mount } from "svelte"; import App from "svelte:App"; mount(App, { target: document.getElementById("app") });',
    components: {
      App: `<script>
          import { toStore } from "svelte/store";
          import { provideSharedState, useCollection } from "sharedstate/svelte";
          ${globals}
          provideSharedState(globalThis.server);
          let kind = $state("a");
          let count = $state(0);
          const list = useCollection("/svelte/mitems/views", toStore(() => ({ ...optionsOf(kind), conflate: count < 0 || undefined })));
          const fixed = useCollection("/svelte/mitems/views", optionsOf("a"));
        </script>
        <p id="list">{see(text($list))}</p><p id="fixed">{text($fixed)}</p>
        <input bind:value={kind}><button onclick={() => { count++; }}>{count}</button>`,
    },
  },
};

describe("views in bindings", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let browser;
  before(async () => { [host, browser] = await Promise.all([new RealHost().start(), launch()]); });
  after(async () => {
    await browser?.close();
    await host?.end();
  });

  for (const [framework, { code, components }] of Object.entries(apps)) test(`${framework}: a component changes its view, and shows the items from before until the new ones are there`, async t => {
    const client = new SharedStateClient(host.origin, { WebSocket });
    t.after(() => client.dispose());
    const path = `/${framework}/mitems/views`;
    await client.update(path, { insert: [1, 2, 3, 4, 5, 6].map(n => ({ id: `${n}`, n, kind: n % 2 ? "a" : "b" })) });
    const page = await browser.newPage();
    t.after(() => page.close());
    const mistakes = [];
    const lists = [];
    page.on("pageerror", error => mistakes.push(String(error)));
    page.on("console", message => ["error", "warning"].includes(message.type()) && mistakes.push(message.text()));
    page.on("websocket", socket => socket.on("framesent", ({ payload }) => {
      const { path: target, arg } = JSON.parse(payload);
      if (target === "/subs") lists.push(arg);
    }));
    await page.route(`${host.origin}/empty`, route => route.fulfill({ contentType: "text/html", body: '<div id="app"></div>' }));
    await page.goto(`${host.origin}/empty`);
    await page.evaluate(server => { globalThis.server = server; }, host.origin.replace("http", "ws"));
    await page.addScriptTag({ content: await bundle(code, { components }) });
    const shows = (selector, wanted) => page.waitForFunction(
      ([where, what]) => document.querySelector(where)?.textContent.trim() === what, [selector, wanted], { timeout: 10_000 })
      .catch(async () => assert.fail(`${selector} is ${await page.textContent(selector).catch(String)}, not ${wanted}; ${mistakes.join("; ")}`));

    await shows("#list", "live 3: 5,3");
    await shows("#fixed", "live 3: 5,3");
    const asked = () => lists.flatMap(({ insert }) => insert).map(([, { filter }]) => filter.kind).join();
    assert.equal(asked(), "a", "both lists share a subscription");

    await page.click("button");
    await shows("button", "1");
    assert.equal(asked(), "a", "equal options are no change");

    await page.evaluate(() => { seen.length = 0; });
    await page.fill("input", "b");
    await shows("#list", "live 3: 6,4");
    const seen = await page.evaluate(() => [...new Set(globalThis.seen)]);
    assert.deepEqual(seen.filter(shown => shown !== "live 3: 5,3"), ["stale 3: 5,3", "live 3: 6,4"]);
    await shows("#fixed", "live 3: 5,3");

    await client.update(path, { insert: [{ id: "8", n: 8, kind: "b" }, { id: "7", n: 7, kind: "a" }] });
    await shows("#list", "live 4: 8,6");
    await shows("#fixed", "live 4: 7,5");
    for (const kind of ["c", "b", "a"]) await page.fill("input", kind);
    await shows("#list", "live 4: 7,5");
    const names = field => new Set(lists.flatMap(list => list[field] ?? []).map(([, options]) => options.as ?? options));
    const deadline = Date.now() + 10_000;
    while (names("remove").size < names("insert").size - 1) {
      assert.ok(Date.now() < deadline, `removed ${[...names("remove")]} of ${[...names("insert")]}`);
      await page.evaluate(() => {});
    }
    assert.deepEqual(mistakes, []);
  });
});
