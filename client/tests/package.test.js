// The package as others install it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const client = fileURLToPath(new URL("..", import.meta.url));
const modules = join(client, "node_modules");
const compiler = name => createRequire(import.meta.url).resolve(`${name}/package.json`).replace("package.json", "bin/tsc");

describe("the package", () => {
  let folder;
  let installed;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "sharedstate-package-"));
    installed = join(folder, "node_modules/sharedstate");
    mkdirSync(installed, { recursive: true });
    const options = { cwd: client, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], options));
    execFileSync("tar", ["xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
    for (const name of ["react", "vue", "svelte", "@types", "csstype", "@vue"]) {
      if (existsSync(join(modules, name))) symlinkSync(join(modules, name), join(folder, "node_modules", name));
    }
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("installing the client's packages runs none of their scripts", () => {
    const project = join(folder, "scripts");
    mkdirSync(join(project, "dependency"), { recursive: true });
    const script = { postinstall: "touch ../ran" };
    writeFileSync(join(project, "dependency/package.json"), JSON.stringify({ name: "dependency", version: "1.0.0", scripts: script }));
    writeFileSync(join(project, "package.json"), JSON.stringify({ dependencies: { dependency: "file:dependency" } }));
    // `npm test` hands the client's own settings on to the processes that it starts.
    const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const env = { ...Object.fromEntries(own), npm_config_userconfig: join(project, "none") };
    const install = () => execFileSync("npm", ["install", "--offline", "--no-audit"], { cwd: project, env, stdio: "ignore" });
    install();
    assert.ok(existsSync(join(project, "ran")), "without the client's settings, the script runs");
    rmSync(join(project, "ran"));
    rmSync(join(project, "node_modules"), { recursive: true });
    copyFileSync(join(client, ".npmrc"), join(project, ".npmrc"));
    install();
    assert.ok(!existsSync(join(project, "ran")));
  });

  test("it holds the license, the README, the bundles and the types, and nothing of the workshop", () => {
    const bundles = ["dist/sharedstate.es.js", "dist/sharedstate.iife.min.js", "dist/react.js", "dist/types/index.d.ts"];
    for (const name of ["LICENSE", "README.md", "package.json", ...bundles]) {
      assert.ok(existsSync(join(installed, name)), name);
    }
    for (const name of ["src", "tests", "build.js", "pages"]) assert.ok(!existsSync(join(installed, name)), name);
    assert.equal(readFileSync(join(client, "LICENSE"), "utf8"), readFileSync(join(client, "../LICENSE"), "utf8"));
  });

  test("every file that package.json names is there", () => {
    const { exports, main, unpkg, jsdelivr, types, typesVersions } = JSON.parse(readFileSync(join(installed, "package.json")));
    const exported = Object.values(exports).flatMap(entry => typeof entry === "string" ? [entry] : Object.values(entry));
    const files = [main, unpkg, jsdelivr, types, ...exported, ...Object.values(typesVersions["*"]).flat()];
    assert.ok(files.every(Boolean), "main, unpkg, jsdelivr and types are named");
    for (const file of files.filter(name => !name.includes("*"))) assert.ok(existsSync(join(installed, file)), file);
  });

  test("Node imports it, and makes a client, without a socket", () => {
    const code = `
      delete globalThis.WebSocket;
      const { SharedStateClient } = await import("sharedstate");
      await import("sharedstate/package.json", { with: { type: "json" } });
      console.log(new SharedStateClient("ws://server").state);`;
    writeFileSync(join(folder, "main.js"), code);
    assert.equal(execFileSync(process.execPath, ["--no-warnings", "main.js"], { cwd: folder, encoding: "utf8" }), "closed\n");
  });

  test("a bundler leaves out what a page does not import, but not the script that defines SHAREDSTATE", async () => {
    const bundled = async contents => {
      const page = { contents, resolveDir: folder };
      const { outputFiles: [{ text }] } = await build({ stdin: page, bundle: true, format: "esm", minify: true, write: false });
      return ["/subs", "list-item"].map(part => text.includes(part));
    };
    assert.deepEqual(await bundled('export { SharedStateClient } from "sharedstate";'), [true, false], "the client without the viewer");
    assert.deepEqual(await bundled('import "sharedstate/iife";'), [true, true], "all of the script");
  });

  // TypeScript 7 has dropped the resolution by the name "node", which projects of TypeScript 5 still use.
  for (const [module, moduleResolution, version] of [
    ["node16", "node16", "typescript"], ["nodenext", "nodenext", "typescript"], ["esnext", "bundler", "typescript"],
    ["esnext", "node", "typescript5"],
  ]) {
    test(`TypeScript finds its types with moduleResolution ${moduleResolution}`, () => {
      writeFileSync(join(folder, "main.ts"), `
        import { SharedStateClient, type Diff } from "sharedstate";
        import { useCollection } from "sharedstate/react";
        import { useItem } from "sharedstate/vue";
        import { useObject } from "sharedstate/svelte";
        interface Note { id: string; text: string }
        export const client = new SharedStateClient("ws://server");
        export const items: readonly Note[] = client.collection<Note>("/a/items/c").items;
        export const diff: Diff<Note> | undefined = undefined;
        export const first: readonly Note[] = useCollection<Note>("/a/items/c").items;
        export const second: string | undefined = useItem<Note>("/a/items/c", "a").value?.text;
        export const third = useObject<number>("/a/items/c", "a");
        // @ts-expect-error: there is no such module.
        import { nothing } from "sharedstate/nothing";`);
      // Svelte's own types are not for the old resolution.
      const skipLibCheck = version === "typescript5";
      const compilerOptions = { target: "es2022", module, moduleResolution, strict: true, noEmit: true, skipLibCheck, types: [] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
      execFileSync(process.execPath, [compiler(version), "-p", folder], { stdio: "inherit" });
    });
  }
});
