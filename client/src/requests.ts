import { byteLength, type Link } from "./link.js";
import { refusal, type Reply, type Request } from "./protocol.js";

/** The answer to a request: the server's, or a refusal of our own in the same shape. */
export type Answer = Omit<Reply, "type" | "tunnel">;

/** What the requests need of the connection. */
export interface Transport {
  /** The link of the connection that is up. */
  readonly link: Link;
  send(text: string): void;
}

interface Unsent {
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (answer: Answer) => void;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

interface Sent {
  readonly resolve: (answer: Answer) => void;
  /** Where the request ends in the link's bytes. */
  readonly end: number;
  readonly tick: number;
}

/** The largest message that a server takes unless it says otherwise: the protocol's default, 16 MiB. */
const MESSAGE_BYTES = 16 * 1024 * 1024;

/** An answer may take this much longer than `timeoutMs`. The server answers within 10 s, so by default the client waits 15 s. */
const ANSWER_FACTOR = 1.5;

/** The silence is measured in ticks, not by a clock: a page that slept sees its timers before the messages that wait for it. */
const TICKS = 5;

/** How long messages other than replies and parts excuse a missing reply: an outbox of 1 MiB on the slowest link that counts as working. */
const BACKLOG_MS = 64_000;

/** The longest wait of a timer; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The requests that have no answer yet. Each gets one, sooner or later: no promise of ours stays pending. */
export class Requests {
  #transport: Transport;
  #timeoutMs: number;
  #messageBytes = MESSAGE_BYTES;
  #lastTunnel = 0;
  /** In the order in which they were made; so are the sent ones. */
  #unsent = new Map<number, Unsent>();
  #sent = new Map<number, Sent>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tick = 0;
  /** The tick of the last sign that the link works for the oldest request, and of the last one that was more than a message of another kind. */
  #alive = 0;
  #moved = 0;
  #bytesMoved = (): boolean => false;

  constructor(transport: Transport, timeoutMs: number) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request now, or keeps it for `sendWaiting`. Throws if `arg` cannot be written as JSON. */
  add(cmd: "GET" | "PUT", path: string, arg: unknown, now: boolean): Promise<Answer> {
    const tunnel = ++this.#lastTunnel;
    const request: Request = { type: "REQUEST", cmd, path, arg, tunnel };
    // Written now: later changes of the caller's objects are no part of the request.
    const text = JSON.stringify(request);
    const bytes = byteLength(text);
    return new Promise(resolve => {
      if (now) return this.#send(tunnel, text, bytes, resolve);
      const timer = this.#timeoutMs <= LONGEST_MS ? setTimeout(() => this.#refuse(tunnel, "timeout", `not sent: no connection within ${this.#timeoutMs} ms`), this.#timeoutMs) : undefined;
      this.#unsent.set(tunnel, { text, bytes, resolve, timer });
    });
  }

  sendWaiting(): void {
    const waiting = [...this.#unsent];
    this.#unsent.clear();
    for (const [tunnel, { text, bytes, resolve, timer }] of waiting) {
      clearTimeout(timer);
      this.#send(tunnel, text, bytes, resolve);
    }
  }

  answer(reply: Reply): void {
    this.#messageBytes = reply.limits?.message ?? this.#messageBytes;
    const tunnel = reply.tunnel as number;
    const request = this.#sent.get(tunnel);
    if (!request) return;
    this.#alive = this.#moved = this.#tick;
    this.#transport.link.answered(request.end);
    this.#settle(tunnel, reply);
  }

  /** A message other than a reply has come; the answers may wait behind such messages. Parts keep coming only until their message is whole. */
  received(part: boolean): void {
    if (part) this.#moved = this.#tick;
    if ((this.#tick - this.#moved) * this.#tickMs <= BACKLOG_MS) this.#alive = this.#tick;
  }

  /** The connection broke: sent requests get no answer any more; the others wait for the next connection, if there will be one. */
  lost(forGood: boolean): void {
    for (const tunnel of [...this.#sent.keys()]) this.#refuse(tunnel, "disconnected", "the connection broke before the answer: an update may have been applied or not");
    if (forGood) for (const tunnel of [...this.#unsent.keys()]) this.#refuse(tunnel, "disconnected", "not sent: the client is closed");
  }

  get #tickMs(): number {
    return this.#timeoutMs * ANSWER_FACTOR / TICKS;
  }

  #send(tunnel: number, text: string, bytes: number, resolve: (answer: Answer) => void): void {
    if (bytes > this.#messageBytes) {
      const message = `not sent: the request has ${bytes} bytes, the server takes messages of at most ${this.#messageBytes}; send fewer or smaller items at once`;
      return resolve({ ok: false, data: message, error: refusal("too_large", message) });
    }
    const { link } = this.#transport;
    if (this.#sent.size === 0) this.#watch();
    this.#sent.set(tunnel, { resolve, end: link.sent(bytes), tick: this.#tick });
    this.#transport.send(text);
  }

  /** From the first request on, until none is left. */
  #watch(): void {
    this.#alive = this.#moved = this.#tick;
    this.#bytesMoved = this.#transport.link.watch();
    this.#wait();
  }

  #wait(): void {
    if (this.#tickMs <= LONGEST_MS) this.#timer = setTimeout(() => this.#onTick(), this.#tickMs);
  }

  /** Gives up requests for which the link was free and silent for TICKS whole ticks, besides the time that their bytes may take. */
  #onTick(): void {
    const { link } = this.#transport;
    this.#tick++;
    if (this.#bytesMoved()) this.#alive = this.#moved = this.#tick;
    for (const [tunnel, { tick, end }] of [...this.#sent]) {
      // An answer to a later request is no sign that this one will be answered.
      const overtaken = end < link.arrived;
      const silentTicks = this.#tick - (overtaken ? tick : Math.max(tick, this.#alive)) - 1;
      if (silentTicks < TICKS + Math.floor(link.allowanceMs(end) / this.#tickMs)) break;
      this.#refuse(tunnel, "timeout", `no answer within ${this.#timeoutMs * ANSWER_FACTOR} ms: an update may have been applied or not`);
    }
    if (this.#sent.size > 0) this.#wait();
  }

  #refuse(tunnel: number, code: "disconnected" | "timeout", message: string): void {
    this.#settle(tunnel, { ok: false, data: message, error: refusal(code, message) });
  }

  #settle(tunnel: number, answer: Answer): void {
    const request = this.#sent.get(tunnel) ?? this.#unsent.get(tunnel);
    if (!request) return;
    if ("timer" in request) clearTimeout(request.timer);
    this.#sent.delete(tunnel);
    this.#unsent.delete(tunnel);
    if (this.#sent.size === 0) clearTimeout(this.#timer);
    request.resolve(answer);
  }
}
