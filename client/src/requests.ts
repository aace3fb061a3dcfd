import { refusal, type Reply, type Request } from "./protocol.js";

/** The answer to a request: the server's, or a refusal of our own in the same shape. */
export type Answer = Omit<Reply, "type" | "tunnel">;

interface Pending {
  readonly text: string;
  readonly resolve: (answer: Answer) => void;
  timer?: ReturnType<typeof setTimeout>;
}

/** The requests that have no answer yet. Each gets one, sooner or later: no promise of ours stays pending. */
export class Requests {
  #transmit: (text: string) => void;
  #timeoutMs: number;
  #lastTunnel = 0;
  #pending = new Map<number, Pending>();
  /** The tunnels of those that wait for a connection, in the order in which they were made. */
  #unsent = new Set<number>();

  constructor(transmit: (text: string) => void, timeoutMs: number) {
    this.#transmit = transmit;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request, or keeps it for `sendWaiting`. Throws if `arg` cannot be written as JSON. */
  add(cmd: "GET" | "PUT", path: string, arg: unknown, connected: boolean): Promise<Answer> {
    const tunnel = ++this.#lastTunnel;
    const request: Request = { type: "REQUEST", cmd, path, arg, tunnel };
    // Written now: what the caller does to its objects while the request waits is no part of it.
    const text = JSON.stringify(request);
    return new Promise(resolve => {
      const pending: Pending = { text, resolve };
      this.#pending.set(tunnel, pending);
      if (connected) return this.#send(tunnel, pending);
      this.#unsent.add(tunnel);
      this.#limit(tunnel, pending, `not sent: no connection within ${this.#timeoutMs} ms`);
    });
  }

  sendWaiting(): void {
    for (const tunnel of this.#unsent) this.#send(tunnel, this.#pending.get(tunnel) as Pending);
    this.#unsent.clear();
  }

  answer(reply: Reply): void {
    const tunnel = reply.tunnel as number;
    const pending = this.#pending.get(tunnel);
    if (pending) this.#settle(tunnel, pending, reply);
  }

  /** The connection broke: what was sent gets no answer any more; the rest waits for the next one, if there will be one. */
  lost(forGood: boolean): void {
    for (const [tunnel, pending] of [...this.#pending]) {
      const sent = !this.#unsent.has(tunnel);
      if (sent) this.#refuse(tunnel, pending, "disconnected", "the connection broke before the answer: an update may have been applied or not");
      else if (forGood) this.#refuse(tunnel, pending, "disconnected", "not sent: the client is closed");
    }
  }

  #send(tunnel: number, pending: Pending): void {
    this.#limit(tunnel, pending, `no answer within ${this.#timeoutMs} ms: an update may have been applied or not`);
    this.#transmit(pending.text);
  }

  #limit(tunnel: number, pending: Pending, message: string): void {
    clearTimeout(pending.timer);
    pending.timer = setTimeout(() => this.#refuse(tunnel, pending, "timeout", message), this.#timeoutMs);
  }

  #refuse(tunnel: number, pending: Pending, code: "disconnected" | "timeout", message: string): void {
    this.#settle(tunnel, pending, { ok: false, data: message, error: refusal(code, message) });
  }

  #settle(tunnel: number, pending: Pending, answer: Answer): void {
    this.#pending.delete(tunnel);
    this.#unsent.delete(tunnel);
    clearTimeout(pending.timer);
    pending.resolve(answer);
  }
}
