// The files and commands of docs/ACCESS.md, on the real host.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WebSocket } from "ws";
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { launch, noBrowser } from "./chromium.js";
import { noHost, program } from "./real-host.js";

const page = readFileSync(new URL("../../docs/ACCESS.md", import.meta.url), "utf8");
const root = fileURLToPath(new URL("../../", import.meta.url));

/** The block of code after the name of a file. */
const file = name => new RegExp(`\`${name}\`[\\s\\S]*?\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(page)[1];

/** The commands of the page, block by block, and those that ran. */
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text);
const ran = new Set();

/** The block that contains a text. */
function block(text) {
  const found = blocks.filter(one => one.includes(text));
  assert.equal(found.length, 1, `blocks with ${text}`);
  ran.add(found[0]);
  return found[0];
}

/** The output that the page shows after a block of commands. */
const shown = text => page.slice(page.indexOf(block(text))).match(/```\n\n(?:[^`]*\n)?```\n([\s\S]*?)```/)[1];

/**
 * A port on which nothing listens, below those that the system gives out: a program of the page may take half a minute until it listens
 * there.
 */
async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const free = await new Promise(resolve => server.on("error", () => resolve(false)).listen(port, () => resolve(true)));
    if (!free) continue;
    await new Promise(resolve => server.close(resolve));
    return port;
  }
}

describe("docs/ACCESS.md", { skip: noHost, timeout: 400_000 }, () => {
  const parent = mkdtempSync(join(tmpdir(), "sharedstate-access-"));
  const folder = join(parent, "mine");
  let ports;
  let environment;

  before(() => {
    mkdirSync(folder);
    symlinkSync(root, join(parent, "shared-state"));
    environment = { ...process.env, PATH: `${dirname(program)}:${process.env.PATH}` };
    run("npm install");
    run("openssl rand -base64 48 >");
    environment.TOKEN_SECRET = run(`${block("export TOKEN_SECRET")}printf %s "$TOKEN_SECRET"`);
    // Node 20 has no WebSocket of its own.
    const ws = JSON.stringify(import.meta.resolve("ws"));
    writeFileSync(join(folder, "websocket.mjs"), `import { WebSocket } from ${ws}; globalThis.WebSocket ??= WebSocket;`);
    environment.NODE_OPTIONS = `--no-warnings --import ${pathToFileURL(join(folder, "websocket.mjs"))}`;
  });

  after(() => rmSync(parent, { recursive: true }));

  const withPorts = text => text.replace(/\b(9000|8080|8081)\b/g, port => ports?.[port] ?? port);

  /** Runs commands in the folder, with the ports of this test instead of the page's; returns their output. */
  function run(text) {
    const commands = text.includes("\n") ? text : block(text);
    return execFileSync("sh", ["-ec", withPorts(commands)], { cwd: folder, env: environment, encoding: "utf8" });
  }

  function write(name, text = file(name)) {
    writeFileSync(join(folder, name), withPorts(text));
  }

  /** Starts a program of the page, which ends with the test; waits until it answers. */
  async function start(t, command, url) {
    const started = spawn("sh", ["-c", `exec ${block(command)}`], { cwd: folder, env: environment, detached: true });
    let output = "";
    for (const stream of [started.stdout, started.stderr]) stream.on("data", data => { output += data; });
    const ended = new Promise(resolve => started.on("exit", resolve));
    t.after(async () => {
      if (started.exitCode === null) process.kill(-started.pid); // dotnet run has a child
      await ended;
    });
    const deadline = Date.now() + 180_000;
    while (!(await fetch(url).catch(() => undefined))) {
      if (Date.now() > deadline || started.exitCode !== null) throw new Error(`${command} does not answer: ${output}`);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  /** Starts the host with a file of the page, and then other programs of the page. */
  async function begin(t, config, ...programs) {
    ports = { 9000: await freePort(), 8080: await freePort(), 8081: await freePort() };
    write(config);
    for (const name of ["note.schema.json", ...programs.map(([, name]) => name)]) write(name);
    await start(t, `sharedstate ${config}\n`, `http://localhost:${ports[9000]}/`);
    for (const [command, name, port] of programs) await start(t, `${command} ${name}`, `http://localhost:${ports[port]}/`);
  }

  for (const [language, command, name] of [["Node", "node", "backend.mjs"], ["C#", "dotnet run", "backend.cs"]]) {
    test(`a backend in ${language} signs tokens for the client`, async t => {
      await begin(t, "my.json", [command, name, 8080]);
      write("client.mjs");
      assert.equal(run("node client.mjs"), "ann editor\n");
    });
  }

  test("a user of an OpenID provider", async t => {
    await begin(t, "openid.json", ["node", "issuer.mjs", 8081]);
    write("client.mjs", file("client.mjs").replace(/http:\/\/localhost:8080[^"]*/, "http://localhost:8081/"));
    assert.equal(run("node client.mjs"), "ann undefined\n");
  });

  test("a program with an API key", async t => {
    const made = run(`${block("key=ssk_")}echo "$key"`);
    const [, hash, key] = /^([0-9a-f]{64}) .*\n(ssk_[0-9a-f]{48})\n$/.exec(made);
    const access = /```json\n("access": \{"keys"[\s\S]*?)```/.exec(page)[1].replace("9f86…", hash);
    ports = { 9000: await freePort() };
    write("my.json", file("my.json").replace(/"access": \{[\s\S]*?\n {2}\}/, access.trim()));
    await start(t, "sharedstate my.json\n", `http://localhost:${ports[9000]}/`);
    const client = new SharedStateClient(`http://localhost:${ports[9000]}`, { WebSocket, token: key });
    t.after(() => client.dispose());
    const { data } = await client.get("/auth");
    assert.deepEqual([data.user, data.claims], ["importer", { role: "admin" }]);
  });

  test("a board on which people edit only their own notes", async t => {
    ports = { 9000: await freePort() };
    for (const name of ["note.schema.json", "board.json"]) write(name);
    assert.match(run("sharedstate board.json --check"), /board\.json has no mistakes\n {2}items {2}ok/);
    await begin(t, "board.json", ["node", "backend.mjs", 8080]);
    write("board.mjs");
    assert.equal(run("node board.mjs"), shown("node board.mjs"));
    assert.equal(run("sharedstate access board.json"), shown("sharedstate access board.json"));
  });

  test("a page with a session cookie", { skip: noBrowser }, async t => {
    await begin(t, "cookie.json", ["node", "site.mjs", 8080]);
    const browser = await launch();
    t.after(() => browser.close());
    const visitor = await browser.newPage();
    await visitor.goto(`http://localhost:${ports[8080]}/`);
    await visitor.waitForFunction(() => document.getElementById("user").textContent === "ann", undefined, { timeout: 20_000 });
  });

  test("has no command that no test runs", { skip: noBrowser }, () => assert.deepEqual(blocks.filter(one => !ran.has(one)), []));
});
