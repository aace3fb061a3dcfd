import { Link } from "./link.js";
import { later } from "./timers.js";

/**
 * - `connecting`: an attempt is under way
 * - `connected`
 * - `waiting`: the connection is down, the next attempt comes by itself
 * - `closed`: no more attempts until `connect()`: closed by us, given up after `retries`, or told by the server not to come back
 */
export type ClientState = "connecting" | "connected" | "waiting" | "closed";

/** Why a connection ended: what a browser's CloseEvent says, also where there was no such event. */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What the browser's WebSocket and that of the `ws` package have in common. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
  /** The bytes of sent messages that have not left yet. */
  readonly bufferedAmount?: number;
}

/** What a Socket tells its owner. Its state has changed already when it tells. */
export interface SocketListener {
  connecting(): void;
  opened(): void;
  received(text: string): void;
  /** Bytes have left a buffer that was full. */
  moved(): void;
  closed(reason: CloseReason): void;
  failed(error: unknown): void;
  /** Nothing came for a while: send something that the server answers. */
  quiet(): void;
}

export interface SocketOptions {
  WebSocket: new (url: string) => WebSocketLike;
  /** Failed attempts in a row until it gives up. */
  retries: number;
  /** How long an attempt may take. */
  timeoutMs: number;
  heartbeatMs: number;
}

/**
 * The wait before the next attempt, by how many have failed in a row; the last one repeats. Short first: a restarted server is back
 * soon.
 */
const BACKOFF_MS = [200, 400, 1000, 2000, 5000, 10_000];

/**
 * Beats on which nothing has moved, of 5 s each: after 10-15 s we ask, after 20-25 s the connection counts as dead, unless bytes of
 * ours may still be on their way.
 */
const BEATS_TO_ASK = 3;
/** Two questions unanswered, not one: a page that slept sees its timers before the messages that wait for it. */
const BEATS_TO_DEATH = 5;
/** A false alarm doubles the patience of the next connection, up to this: 195-200 s, in which 5 MB pass in one message at 30 KB/s. */
const MOST_PATIENCE = 8;

/**
 * A connection that was up while the page slept is asked; the silence after which it counts as dead, so that the page is live within a
 * second.
 */
const WAKE_MS = 500;

/** A `connect()` so soon after a failure is part of handling it, and waits like any other attempt. */
const STORM_MS = 100;

/** Close codes from here on mean: do not come back. */
const FINAL_CODE = 4500;

/** The wait after so many failures: up to half less by chance, so that a restarted server is not met by all its clients at once. */
export function backoffMs(failures: number): number {
  const longest = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] as number;
  return longest * (0.5 + Math.random() / 2);
}

/** One WebSocket after another: connects, notices that a connection has died, and connects again. */
export class Socket {
  #url: string;
  #options: SocketOptions;
  #listener: SocketListener;

  #state: ClientState = "closed";
  #socket: WebSocketLike | undefined;
  /** While connecting the attempt's time limit, while waiting the wait, while connected the limit after a sleep. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #quietBeats = 0;
  /** The longer wait before an alarm, after one that was false. */
  #patience = 1;
  #link = new Link(() => 0);
  #failures = 0;
  #beatAt = 0;
  #endedAt = -Infinity;
  /** An attempt has succeeded once the server has said something: a proxy opens connections to servers that are not there. */
  #proven = false;

  constructor(url: string, options: SocketOptions, listener: SocketListener) {
    this.#url = url;
    this.#options = options;
    this.#listener = listener;
  }

  get state(): ClientState {
    return this.#state;
  }

  get link(): Link {
    return this.#link;
  }

  /**
   * Connects unless it is connected or about to be: now, or in due time right after a failure. The first call throws what the
   * WebSocket throws.
   */
  connect(first = false): void {
    const soon = Date.now() - this.#endedAt < STORM_MS;
    if (this.#state === "closed") {
      this.#failures = soon ? this.#failures : 0;
      if (soon) this.#waitForNext();
      else this.#attempt(first);
      this.#listen("addEventListener");
    } else if (this.#state === "waiting" && !soon) this.#attempt();
  }

  close(): void {
    if (this.#state !== "closed") this.#end({ code: 1000, reason: "closed by the client", wasClean: true }, true);
    this.#endedAt = -Infinity;
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  #listen(method: "addEventListener" | "removeEventListener"): void {
    for (const event of ["online", "offline", "pageshow"]) globalThis[method]?.(event, this.#wake);
    for (const event of ["visibilitychange", "resume"]) globalThis.document?.[method](event, this.#wake);
  }

  #waitForNext(): void {
    this.#timer = setTimeout(() => this.#attempt(), backoffMs(this.#failures));
    this.#state = "waiting";
  }

  #attempt(first = false): void {
    clearTimeout(this.#timer);
    this.#abandon();
    this.#proven = false;
    let socket: WebSocketLike;
    try {
      socket = new this.#options.WebSocket(this.#url);
    } catch (error) {
      if (first) throw error;
      return this.#drop(String(error));
    }
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: { data: unknown }) => this.#received(data);
    socket.onclose = (reason: CloseReason) => this.#end(reason, reason.code >= FINAL_CODE);
    socket.onerror = (error: unknown) => this.#listener.failed(error);
    this.#socket = socket;
    this.#link = new Link(() => socket.bufferedAmount ?? 0);
    this.#timer = later(this.#options.timeoutMs, () => this.#drop("the attempt took too long"));
    this.#beatAt = Date.now();
    this.#state = "connecting";
    this.#listener.connecting();
  }

  #opened(): void {
    clearTimeout(this.#timer);
    this.#quietBeats = 0;
    this.#nextBeat();
    this.#state = "connected";
    this.#listener.opened();
  }

  #received(data: unknown): void {
    clearTimeout(this.#timer);
    if (this.#quietBeats === BEATS_TO_ASK) this.#patience = 1; // The question was answered within a beat: the link is no slow one.
    this.#quietBeats = 0;
    this.#proven = true;
    if (typeof data === "string") this.#listener.received(data);
  }

  #nextBeat(): void {
    this.#beatAt = Date.now();
    this.#beat = setTimeout(() => this.#onBeat(), this.#options.heartbeatMs);
  }

  #onBeat(): void {
    this.#quietBeats++;
    if (this.#link.moved()) {
      this.#quietBeats = 0;
      this.#listener.moved();
    }
    if (this.#quietBeats >= BEATS_TO_DEATH * this.#patience + this.#link.allowance(this.#options.heartbeatMs)) {
      this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE); // The alarm was a false one if the next attempt reaches the server.
      return this.#drop("the server does not answer");
    }
    if (this.#quietBeats >= BEATS_TO_ASK) this.#listener.quiet();
    this.#nextBeat();
  }

  /** The page is visible or thawed again, or the network came or went: what we know about the connection may be old. */
  #wake = ({ type }: Event): void => {
    if (type === "visibilitychange" && document.visibilityState === "hidden") return;
    const offline = type === "offline";
    const slept = offline || Date.now() - this.#beatAt > 2 * this.#options.heartbeatMs;
    if (this.#state === "connected") {
      this.#quietBeats = BEATS_TO_ASK;
      this.#listener.quiet();
      clearTimeout(this.#timer);
      if (slept) this.#timer = setTimeout(() => this.#onSilentWake(), WAKE_MS);
    } else if (!offline && (slept || this.#state === "waiting")) this.#attempt();
  };

  #onSilentWake(): void {
    this.#drop("the server does not answer");
    if (this.#state === "waiting" && globalThis.navigator?.onLine !== false) this.#attempt();
  }

  #drop(reason: string): void {
    this.#end({ code: 1006, reason, wasClean: false }, false);
  }

  /** The connection, or the attempt, is over. Never waits for the socket's own close event: on a dead network that takes minutes. */
  #end(reason: CloseReason, final: boolean): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#beat);
    this.#abandon();
    if (!this.#proven) this.#patience = 1;
    this.#failures = this.#proven ? 0 : this.#failures + 1;
    if (final || this.#failures >= this.#options.retries) {
      this.#listen("removeEventListener");
      this.#state = "closed";
    } else {
      this.#waitForNext();
    }
    this.#endedAt = Date.now();
    this.#listener.closed(reason);
  }

  #abandon(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    // Handlers that do nothing, not null: ws in Node throws an error that has no listener.
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = () => {};
    socket.close();
  }
}
