// The real host as a process of its own, on a free port and with a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastBuilt } from "./built.js";
import { storages } from "./storages.js";

export const program = lastBuilt("Host", "sharedstate")?.slice(0, -".dll".length);

/** Why there is no host to test against; false if there is one. */
export const noHost = program ? false : "the host is not built: dotnet build Host";

export class RealHost {
  #folder = mkdtempSync(join(tmpdir(), "sharedstate-client-"));
  #process;
  #port = 0;
  #storage;
  #limits;
  #more;
  #started;

  /**
   * On a file and with the default limits, if nothing else is said. `more` has further fields of the configuration, in the form of
   * `{service: {..}, access: {..}}`.
   */
  constructor(storage = storages[0], limits = {}, more = {}) {
    this.#storage = storage;
    this.#limits = limits;
    this.#more = more;
  }

  /** Where it listens: the same after a restart. */
  get origin() { return `http://127.0.0.1:${this.#port}`; }

  get port() { return this.#port; }

  /** All that it has said. */
  output = "";

  async start() {
    this.#started ??= await this.#storage.start();
    const { plugins, services } = this.#started;
    const service = { host: "127.0.0.1", limits: this.#limits, ...this.#more.service, port: this.#port };
    const config = { ...this.#more, service, plugins, services };
    writeFileSync(join(this.#folder, "my.json"), JSON.stringify(config));
    this.#process = spawn(program, [join(this.#folder, "my.json")], { stdio: ["ignore", "pipe", "inherit"] });
    this.output = "";
    await new Promise((resolve, reject) => {
      this.#process.stdout.on("data", data => {
        this.output += data;
        const listening = /listens on http:\/\/(?:127\.0\.0\.1|localhost):(\d+)\//.exec(this.output);
        if (listening) resolve(this.#port = Number(listening[1]));
      });
      this.#process.on("exit", code => reject(new Error(`the host ended with ${code}: ${this.output}`)));
    });
    return this;
  }

  /** Waits until it has said something so many times: the log comes a moment after what it is about. */
  async said(text, times = 1) {
    const deadline = Date.now() + 20_000;
    while (this.output.split(text).length <= times) {
      if (Date.now() > deadline) throw new Error(`not said: ${text}\n${this.output}`);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
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
