// A link between a client and a server with so many bytes a second each way: a TCP proxy that reads no faster than it may send.
import { connect, createServer } from "node:net";

/** How often a direction may send, so that bytes come evenly. */
const STEP_MS = 20;

export class SlowLink {
  #server;
  #sockets = new Set();
  #stops = new Set();

  /** Starts a link to a port of this machine, with the same rate in both directions. */
  static async to(port, bytesPerSecond) {
    const link = new SlowLink();
    const far = () => connect({ port, host: "127.0.0.1", highWaterMark: 4096 });
    link.#server = createServer({ highWaterMark: 4096 }, near => link.#carry(near, far(), bytesPerSecond));
    await new Promise(resolve => link.#server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  get origin() { return `http://127.0.0.1:${this.#server.address().port}`; }

  /** The connections of now carry nothing any more, and nothing tells their ends. */
  stall() {
    for (const stop of this.#stops) stop();
  }

  end() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #carry(near, far, bytesPerSecond) {
    for (const [from, to] of [[near, far], [far, near]]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      this.#stops.add(throttle(from, to, bytesPerSecond));
    }
  }
}

/** A bucket of tokens, one for each byte, that holds what two steps bring. Returns the function that stops it. */
function throttle(from, to, bytesPerSecond) {
  const most = bytesPerSecond * STEP_MS * 2 / 1000;
  let tokens = most;
  let filledAt = performance.now();
  const step = setInterval(() => {
    const now = performance.now();
    tokens = Math.min(most + bytesPerSecond * (now - filledAt) / 1000, tokens + bytesPerSecond * (now - filledAt) / 1000);
    filledAt = now;
    while (tokens >= 1) {
      const bytes = from.read(Math.min(Math.floor(tokens), from.readableLength));
      if (!bytes?.length) break;
      tokens -= bytes.length;
      to.write(bytes);
    }
    tokens = Math.min(tokens, most);
  }, STEP_MS);
  from.on("readable", () => {}); // Reading is up to the steps.
  from.on("close", () => clearInterval(step));
  return () => clearInterval(step);
}
