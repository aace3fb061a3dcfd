// Apps of the real frameworks, for the tests of the bindings.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compile } from "svelte/compiler";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Svelte components in the sources of a test: `svelte:Name` is the component of that name. */
const svelte = (components, generate) => ({
  name: "svelte",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^svelte:/ }, ({ path }) => ({ path: path.slice("svelte:".length), namespace: "component" }));
    onLoad({ filter: /.*/, namespace: "component" }, ({ path }) => {
      const { js } = compile(components[path], { generate, filename: `${path}.svelte` });
      return { contents: js.code, resolveDir: here };
    });
  },
});

/** The code of an app, with its framework, as one script. */
export async function bundle(code, { platform = "browser", components = {} } = {}) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: here, loader: "jsx" },
    absWorkingDir: here,
    bundle: true,
    format: platform === "node" ? "cjs" : "iife",
    platform,
    jsx: "automatic",
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    conditions: platform === "browser" ? ["browser", "development"] : ["node"],
    alias: platform === "browser" ? { vue: "vue/dist/vue.esm-bundler.js" } : {}, // With the compiler of templates.
    plugins: [svelte(components, platform === "node" ? "server" : "client")],
    logLevel: "silent",
    write: false,
  });
  return outputFiles[0].text;
}
