// Identity on the real host: tokens, cookies, and pages of other origins in a real Chromium.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { noHost, RealHost } from "./real-host.js";
import { token, tokens } from "./tokens.js";

describe("identity", { skip: noHost, timeout: 120_000 }, () => {
  let host;

  before(async () => {
    host = await new RealHost(undefined, {}, { access: { tokens, cookie: "session" } }).start();
  });

  after(() => host?.end());

  /** A client, and what it has said on the console. */
  function connect(t, options) {
    t.mock.method(console, "error", () => {});
    const client = new SharedStateClient(host.origin, { WebSocket, ...options });
    t.after(() => client.dispose());
    return client;
  }

  test("a client with a token is that user, and learns why it may do nothing", async t => {
    const client = connect(t, { token: async () => token({ sub: "ann", role: "editor" }) });
    await assert.rejects(client.collection("/app/items/a").ready, {
      code: "forbidden", message: "/app/items/a: no access rule of the server allows this to this user",
    });
    assert.deepEqual([client.user, client.identity.claims.role], ["ann", "editor"]);
    const { error } = await client.update("/app/items/a", { insert: [{ id: "x" }] });
    assert.equal(error.code, "forbidden");
  });

  test("a client without a token learns what to do", async t => {
    const client = connect(t, {});
    await assert.rejects(client.collection("/app/items/a").ready, { code: "unauthorized", message: /send a valid token/ });
    assert.equal(client.user, null);
  });

  test("a token that is not valid fails what needs one", async t => {
    const client = connect(t, { token: "nonsense" });
    await assert.rejects(client.collection("/app/items/a").ready, { code: "unauthorized" });
    assert.equal(client.user, null);
    await host.said("was refused: it is neither a signed token (JWT) nor an API key");
    assert.doesNotMatch(host.output, /nonsense/);
  });

  test("React: a page that logs in and out shows the user", { skip: noBrowser }, async t => {
    const browser = await launch();
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.route(`${host.origin}/empty`, route => route.fulfill({ contentType: "text/html", body: '<div id="app"></div>' }));
    await page.goto(`${host.origin}/empty`);
    const { outputFiles: [{ text }] } = await build({
      stdin: {
        contents: `
          import { StrictMode } from "react";
          import { createRoot } from "react-dom/client";
          import { SharedState, useConnection } from "sharedstate/react";
          const User = () => <p id="user">{String(useConnection().user)}</p>;
          const root = createRoot(document.getElementById("app"));
          globalThis.show = token => root.render(<StrictMode><SharedState url="." token={token}><User /></SharedState></StrictMode>);`,
        loader: "jsx", resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      },
      bundle: true, write: false, jsx: "automatic", conditions: ["browser"], define: { "process.env.NODE_ENV": '"development"' },
    });
    await page.addScriptTag({ content: text });
    for (const user of ["ann", "bob", null, "ann"]) {
      await page.evaluate(given => globalThis.show(given), user && token({ sub: user }));
      await page.waitForFunction(wanted => document.getElementById("user")?.textContent === wanted, String(user), { timeout: 20_000 });
    }
  });

  test("a client that logs in and out changes its identity", async t => {
    const client = connect(t, {});
    await client.connectedPromise();
    const users = [];
    const bob = new Promise(resolve => client.addIdentityCallback(({ user }) => users.push(user) && user === "bob" && resolve()));
    client.setToken(token({ sub: "bob" }));
    await bob;
    client.setToken(null);
    await client.get("/clock");
    assert.deepEqual([users, client.user], [["bob", null], null]);
  });
});

describe("a cookie in a browser", { skip: noHost || noBrowser, timeout: 120_000 }, () => {
  let host;
  let site;
  let browser;

  before(async () => {
    host = await new RealHost(undefined, {}, { access: { tokens, cookie: "session" } }).start();
    site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<p>a page"));
    await new Promise(resolve => site.listen(0, "127.0.0.1", resolve));
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await host?.end();
    site?.close();
  });

  /** Who a page of an origin is for the host, with the visitor's cookie; "closed" if it may not connect. */
  async function userOf(origin, value) {
    const context = await browser.newContext();
    // Browsers send a cookie to all ports of a name: to them, the two pages are of one site.
    await context.addCookies([{ name: "session", value, url: host.origin, httpOnly: true, sameSite: "Strict" }]);
    const page = await context.newPage();
    await page.goto(origin);
    const user = await page.evaluate(url => new Promise(resolve => {
      const socket = new WebSocket(url);
      socket.onopen = () => socket.send(JSON.stringify({ type: "REQUEST", cmd: "GET", path: "/auth" }));
      socket.onmessage = ({ data }) => resolve(JSON.parse(data).data.user);
      socket.onclose = () => resolve("closed");
    }), host.origin.replace("http", "ws"));
    await context.close();
    return user;
  }

  test("a page of the host is the user of the cookie", async () => {
    assert.equal(await userOf(`${host.origin}/board.html`, token({ sub: "ann" })), "ann");
  });

  test("a page of another origin cannot connect, although the browser sends the cookie", async () => {
    assert.equal(await userOf(`http://127.0.0.1:${site.address().port}/`, token({ sub: "ann" })), "closed");
    await host.said(`its Origin http://127.0.0.1:${site.address().port} is not among service.origins`);
  });

  test("a cookie that is not valid does not connect", async () => {
    assert.equal(await userOf(`${host.origin}/board.html`, token({ sub: "ann", exp: 1 })), "closed");
    await host.said("A token from 127.0.0.1 was refused: it has expired");
  });
});
