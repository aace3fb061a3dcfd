import { checkJson } from "./json.js";
import { byteLength, type Link } from "./link.js";
import { refusal, type Refusal, type Reply, type Request } from "./protocol.js";
import { later } from "./timers.js";

/** The answer to a request: the server's, or a refusal of our own in the same shape. */
export type Answer = Omit<Reply, "type" | "tunnel">;

/** What the requests need of the connection. */
export interface Transport {
  /** The link of the connection that is up. */
  readonly link: Link;
  send(text: string): void;
}

interface Pending {
  readonly text: string;
  readonly bytes: number;
  readonly resolve: (answer: Answer) => void;
  /** The limit of the wait for a connection. */
  timer?: ReturnType<typeof later>;
  /** Once it is sent: where it ends in the link's bytes, and when that was. */
  end?: number;
  tick: number;
}

/** The largest message that a server takes unless it says otherwise: the protocol's default, 16 MiB. */
const MESSAGE_BYTES = 16 * 1024 * 1024;

/** An answer may take this much longer than `timeoutMs`. The server answers within 10 s, so by default the client waits 15 s. */
const ANSWER_FACTOR = 1.5;

/** The silence is measured in ticks, not by a clock: a page that slept sees its timers before the messages that wait for it. */
const TICKS = 5;

/** How long messages other than replies and parts excuse a missing reply: an outbox of 1 MiB on the slowest link that counts as working. */
const BACKLOG_MS = 64_000;

const UNKNOWN = "an update may have been applied or not";

/** The requests that have no answer yet. Each gets one, sooner or later: no promise of ours stays pending. */
export class Requests {
  #transport: Transport;
  #timeoutMs: number;
  #messageBytes = MESSAGE_BYTES;
  #lastTunnel = 0;
  #pending = new Map<number, Pending>();
  #timer: ReturnType<typeof later>;
  #tick = 0;
  /**
   * The tick of the last sign that the link works for the oldest request, and of the last one that was more than a message of another
   * kind.
   */
  #alive = 0;
  #moved = 0;

  constructor(transport: Transport, timeoutMs: number) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request now, or keeps it for `sendWaiting`. */
  add(cmd: "GET" | "PUT", path: string, arg: unknown, now: boolean): Promise<Answer> {
    const tunnel = ++this.#lastTunnel;
    let text: string;
    try {
      // Written now: later changes of the caller's objects are no part of the request.
      const request: Request = { type: "REQUEST", cmd, path, arg, tunnel };
      checkJson(arg, cmd === "GET" ? "the view" : "the update");
      text = JSON.stringify(request);
    } catch (error) {
      return Promise.resolve(refused("bad_request", `not sent: ${(error as Error)?.message}`));
    }
    return new Promise(resolve => {
      const pending: Pending = { text, bytes: byteLength(text), resolve, tick: 0 };
      if (this.#pending.size === 0) {
        this.#alive = this.#moved = this.#tick;
        this.#wait();
      }
      this.#pending.set(tunnel, pending);
      if (now) this.#send(tunnel, pending);
      else {
        pending.timer = later(this.#timeoutMs, () =>
          this.#refuse(tunnel, "timeout", `not sent: no connection or token within ${this.#timeoutMs} ms`));
      }
    });
  }

  sendWaiting(): void {
    for (const [tunnel, pending] of [...this.#pending]) {
      if (pending.end === undefined) this.#send(tunnel, pending);
    }
  }

  answer(reply: Reply): void {
    this.#messageBytes = reply.limits?.message ?? this.#messageBytes;
    const { end } = this.#pending.get(reply.tunnel as number) ?? {};
    if (end === undefined) return;
    this.received(true);
    this.#transport.link.answered(end);
    this.#settle(reply.tunnel as number, reply);
  }

  /**
   * A message has come, or bytes have left a full buffer; the answers may wait behind such. `busy`: this will end by itself, as replies,
   * parts and bytes do.
   * Other messages may come for ever.
   */
  received(busy: boolean): void {
    if (busy) this.#moved = this.#tick;
    if ((this.#tick - this.#moved) * this.#tickMs <= BACKLOG_MS) this.#alive = this.#tick;
  }

  /** The connection broke: sent requests get no answer any more; the others wait for the next connection, if there will be one. */
  lost(forGood: boolean, reason = "the client is closed"): void {
    for (const [tunnel, { end }] of [...this.#pending]) {
      if (end !== undefined) this.#refuse(tunnel, "disconnected", `the connection broke before the answer: ${UNKNOWN}`);
      else if (forGood) this.#refuse(tunnel, "disconnected", `not sent: ${reason}`);
    }
  }

  get #tickMs(): number {
    return this.#timeoutMs * ANSWER_FACTOR / TICKS;
  }

  #send(tunnel: number, pending: Pending): void {
    const { bytes, text, timer } = pending;
    if (bytes > this.#messageBytes) {
      return this.#refuse(tunnel, "too_large",
        `not sent: the request has ${bytes} bytes, the server takes at most ${this.#messageBytes}: send less at once`);
    }
    clearTimeout(timer);
    pending.end = this.#transport.link.sent(bytes);
    pending.tick = this.#tick;
    this.#transport.send(text);
  }

  /** A timer runs from the first request on, until none is left. */
  #wait(): void {
    this.#timer = later(this.#tickMs, () => this.#onTick());
  }

  /** Gives up requests for which the link was free and silent for TICKS whole ticks, besides the time that their bytes may take. */
  #onTick(): void {
    const { link } = this.#transport;
    this.#tick++;
    for (const [tunnel, { tick, end }] of [...this.#pending]) {
      if (end === undefined) continue;
      // An answer to a later request is no sign that this one will be answered.
      const since = end < link.arrived ? tick : Math.max(tick, this.#alive);
      if (this.#tick - since > TICKS + link.allowance(this.#tickMs, end)) {
        this.#refuse(tunnel, "timeout", `no answer within ${this.#timeoutMs * ANSWER_FACTOR} ms: ${UNKNOWN}`);
      }
    }
    if (this.#pending.size > 0) this.#wait();
  }

  #refuse(tunnel: number, code: Refusal["code"], message: string): void {
    this.#settle(tunnel, refused(code, message));
  }

  #settle(tunnel: number, answer: Answer): void {
    const pending = this.#pending.get(tunnel);
    this.#pending.delete(tunnel);
    clearTimeout(pending?.timer);
    if (this.#pending.size === 0) clearTimeout(this.#timer);
    pending?.resolve(answer);
  }
}

export function refused(code: Refusal["code"], message: string): Answer & { ok: false } {
  return { ok: false, data: message, error: refusal(code, message) };
}
