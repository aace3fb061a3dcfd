// The files and commands of docs/ACCESS.md, on the real host.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { noHost, program } from "./real-host.js";

const page = readFileSync(new URL("../../docs/ACCESS.md", import.meta.url), "utf8");
const root = fileURLToPath(new URL("../", import.meta.url));

/** The block of code after the name of a file, or the blocks of a language. */
const file = name => new RegExp(`\`${name}\`[\\s\\S]*?\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)[1];
const commands = () => [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text);

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

describe("docs/ACCESS.md", { skip: noHost, timeout: 400_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sharedstate-access-"));
  let ports;
  let environment;

  before(async () => {
    // As after npm install sharedstate.
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/sharedstate"));
    const secret = execFileSync("sh", ["-c", `${commands()[0]}printf %s "$TOKEN_SECRET"`], { encoding: "utf8" });
    environment = { ...process.env, TOKEN_SECRET: secret };
  });

  after(() => rmSync(folder, { recursive: true }));

  /** Writes a file of the page, with the ports of this test instead of the page's. */
  function write(name, text = file(name)) {
    writeFileSync(join(folder, name), text.replace(/\b(9000|8080|8081)\b/g, port => ports[port]));
    return join(folder, name);
  }

  /** Starts a program of the page, which ends with the test; waits until it answers. */
  async function start(t, command, args, url) {
    const run = spawn(command, args, { cwd: folder, env: environment });
    let output = "";
    for (const stream of [run.stdout, run.stderr]) stream.on("data", data => { output += data; });
    const ended = new Promise(resolve => run.on("exit", resolve));
    t.after(async () => {
      run.kill();
      await ended;
    });
    const deadline = Date.now() + 180_000;
    while (!(await fetch(url).catch(() => undefined))) {
      if (Date.now() > deadline || run.exitCode !== null) throw new Error(`${command} ${args} does not answer: ${output}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  async function begin(t, config, text = file(config), ...programs) {
    ports = { 9000: await freePort(), 8080: await freePort(), 8081: await freePort() };
    await start(t, program, [write(config, text)], `http://localhost:${ports[9000]}/`);
    for (const [[command, ...args], name, port] of programs) {
      await start(t, command, [...args, write(name)], `http://localhost:${ports[port]}/`);
    }
  }

  const runClient = () => execFileSync(process.execPath, ["--no-warnings", "--import", "./websocket.mjs", write("client.mjs")], {
    cwd: folder, env: environment, encoding: "utf8",
  }).trim();

  for (const [language, command, name] of [["Node", [process.execPath], "backend.mjs"], ["C#", ["dotnet", "run"], "backend.cs"]]) {
    test(`a backend in ${language} signs tokens for the client`, async t => {
      await begin(t, "my.json", undefined, [command, name, 8080]);
      // Node 20 has no WebSocket of its own.
      write("websocket.mjs", `import { WebSocket } from ${JSON.stringify(import.meta.resolve("ws"))}; globalThis.WebSocket ??= WebSocket;`);
      assert.equal(runClient(), "ann editor");
    });
  }

  test("a user of an OpenID provider", async t => {
    await begin(t, "openid.json", undefined, [[process.execPath], "issuer.mjs", 8081]);
    const token = async () => (await fetch(`http://localhost:${ports[8081]}/token`)).text();
    const client = new SharedStateClient(`http://localhost:${ports[9000]}`, { WebSocket, token });
    t.after(() => client.dispose());
    assert.equal((await client.get("/auth")).data.user, "ann");
  });

  test("a program with an API key", async t => {
    const made = execFileSync("sh", ["-c", `${commands()[1]}echo "$key"`], { encoding: "utf8" });
    const [, hash, key] = /^([0-9a-f]{64}) .*\n(ssk_[0-9a-f]{48})\n$/.exec(made);
    const access = /```json\n("access": \{"keys"[\s\S]*?)```/.exec(page)[1].replace("9f86…", hash);
    await begin(t, "my.json", file("my.json").replace(/"access": \{[\s\S]*?\n {2}\}/, access.trim()));
    const client = new SharedStateClient(`http://localhost:${ports[9000]}`, { WebSocket, token: key });
    t.after(() => client.dispose());
    const { data } = await client.get("/auth");
    assert.deepEqual([data.user, data.claims], ["importer", { role: "admin" }]);
  });

  test("a page with a session cookie", { skip: noBrowser }, async t => {
    await begin(t, "cookie.json", undefined, [[process.execPath], "site.mjs", 8080]);
    const browser = await launch();
    t.after(() => browser.close());
    const visitor = await browser.newPage();
    await visitor.goto(`http://localhost:${ports[8080]}/`);
    await visitor.waitForFunction(() => document.getElementById("user").textContent === "ann", undefined, { timeout: 20_000 });
  });
});
