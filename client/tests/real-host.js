// The real host as a process of its own, on a free port and with a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastBuilt } from "./built.js";
import { storages } from "./storages.js";

const program = lastBuilt("Host", "sharedstate")?.slice(0, -".dll".length);

/** Why there is no host to test against; false if there is one. */
export const noHost = program ? false : "the host is not built: dotnet build Host";

export class RealHost {
  #folder = mkdtempSync(join(tmpdir(), "sharedstate-client-"));
  #process;
  #port = 0;
  #storage;
  #limits;
  #started;

  /** On a file and with the default limits, if nothing else is said. */
  constructor(storage = storages[0], limits = {}) {
    this.#storage = storage;
    this.#limits = limits;
  }

  /** Where it listens: the same after a restart. */
  get origin() { return `http://127.0.0.1:${this.#port}`; }

  async start() {
    this.#started ??= await this.#storage.start();
    const { plugins, services } = this.#started;
    const config = { service: { host: "127.0.0.1", port: this.#port, limits: this.#limits }, plugins, services };
    writeFileSync(join(this.#folder, "my.json"), JSON.stringify(config));
    this.#process = spawn(program, [join(this.#folder, "my.json")], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    await new Promise((resolve, reject) => {
      this.#process.stdout.on("data", data => {
        output += data;
        const listening = /listens on http:\/\/127\.0\.0\.1:(\d+)\//.exec(output);
        if (listening) resolve(this.#port = Number(listening[1]));
      });
      this.#process.on("exit", code => reject(new Error(`the host ended with ${code}: ${output}`)));
    });
    return this;
  }

  /** SIGTERM, or kill -9. */
  async stop(signal = "SIGTERM") {
    const ended = new Promise(resolve => this.#process.on("exit", resolve));
    this.#process.kill(signal);
    await ended;
  }

  async end() {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.stop();
    await this.#started?.end();
    rmSync(this.#folder, { recursive: true });
  }
}
