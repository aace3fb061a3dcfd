// Makes dist/ from src/. The bundles are committed, so that neither the server nor a page needs Node.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
export const dist = join(here, "dist");

/** Properties of the client's own classes that no page and no message has: short in the minified bundles, which have to stay small. */
const INTERNAL = new RegExp(`^(${[
  "acquire", "allowance", "answer", "answered", "arrived", "awaited", "began", "beginning", "bytes", "change", "changed", "client",
  "closed", "direction", "drop", "end", "fail", "failed", "flush", "follow", "handles", "isView", "judged", "key", "left", "link",
  "lost", "moved", "names", "opened", "optionsText", "parts", "position", "promise", "quiet", "read", "receive", "received",
  "refusals", "renew", "replaceAll", "replied", "request", "resubscribe", "retry", "sendWaiting", "sent", "sorted", "text", "tick",
  "timer", "told", "waiting",
].join("|")})$`);

/** The content of every file of dist/, by its name there. The same sources give the same bytes. */
export async function files() {
  const contents = new Map();
  for (const format of ["es", "iife"]) {
    for (const minify of [false, true]) await bundle(format, minify, contents);
  }
  for (const framework of ["react", "vue", "svelte"]) await binding(framework, contents);
  declarations(contents);
  return contents;
}

/** A binding imports its framework, and the client from the bundle beside it, so that a page has one client. */
async function binding(framework, contents) {
  const beside = () => ({ path: "./sharedstate.es.js", external: true });
  const client = { name: "client", setup: ({ onResolve }) => onResolve({ filter: /\/index\.js$/ }, beside) };
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [`src/bindings/${framework}.ts`],
    outfile: `dist/${framework}.js`,
    bundle: true,
    format: "esm",
    target: "es2022",
    sourcemap: true,
    external: [framework, `${framework}/*`],
    plugins: [client],
    banner: { js: `/*! Shared State for ${framework}, BSD-2-Clause */` },
    write: false,
  });
  for (const file of outputFiles) contents.set(basename(file.path), file.text);
}

async function bundle(format, minify, contents) {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ["src/index.ts"],
    outfile: `dist/sharedstate.${format}${minify ? ".min" : ""}.js`,
    bundle: true,
    format: format === "es" ? "esm" : "iife",
    globalName: format === "iife" ? "SHAREDSTATE" : undefined,
    minify,
    ...(minify && { mangleProps: INTERNAL }),
    target: "es2022",
    sourcemap: true,
    banner: { js: "/*! Shared State client, BSD-2-Clause */" },
    write: false,
  });
  for (const file of outputFiles) contents.set(basename(file.path), file.text);
}

function declarations(contents) {
  const folder = mkdtempSync(join(tmpdir(), "sharedstate-"));
  const tsc = join(here, "node_modules/typescript/bin/tsc");
  try {
    const emit = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", join(here, "src"), "--outDir", folder];
    execFileSync(process.execPath, [tsc, "-p", here, ...emit], { stdio: "inherit" });
    for (const name of readdirSync(folder, { recursive: true }).sort()) {
      if (name.endsWith(".d.ts")) contents.set(`types/${name}`, readFileSync(join(folder, name), "utf8"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  contents.set("sharedstate.es.d.ts", 'export * from "./types/index.js";\nexport as namespace SHAREDSTATE;\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(join(dist, "types/bindings"), { recursive: true });
  for (const [name, content] of await files()) writeFileSync(join(dist, name), content);
}
