import { Link } from "./link.js";

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

/** The wait before the next attempt, by how many have failed in a row; the last one repeats. Short first: a restarted server is back soon. */
const BACKOFF_MS = [200, 400, 1000, 2000, 5000, 10_000];

/** Beats on which nothing has moved, of 5 s each: after 10-15 s we ask, after 20-25 s the connection counts as dead, unless bytes of ours may still be on their way. */
const BEATS_TO_ASK = 3;
/** Two questions unanswered, not one: a page that slept sees its timers before the messages that wait for it. */
const BEATS_TO_DEATH = 5;
/** A false alarm doubles the patience of the next connection, up to this: 195-200 s, in which 5 MB pass in one message at 30 KB/s. */
const MOST_PATIENCE = 8;

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
  /** While connecting the attempt's time limit, while waiting the wait. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;
  #quietBeats = 0;
  /** The longer wait before an alarm, after one that was false. */
  #patience = 1;
  #link = new Link(() => 0);
  #bytesMoved = this.#link.watch();
  #failures = 0;
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

  /** Connects now unless it is connected or about to be. Throws if the URL is none. */
  connect(): void {
    if (this.#state === "closed") {
      this.#failures = 0;
      globalThis.addEventListener?.("online", this.#wake);
      globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    }
    if (this.#state === "closed" || this.#state === "waiting") this.#attempt();
  }

  close(): void {
    if (this.#state !== "closed") this.#end({ code: 1000, reason: "closed by the client", wasClean: true }, true);
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  #attempt(): void {
    clearTimeout(this.#timer);
    const socket = new this.#options.WebSocket(this.#url);
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }: { data: unknown }) => this.#received(data);
    socket.onclose = (reason: CloseReason) => this.#end(reason, reason.code >= FINAL_CODE);
    socket.onerror = (error: unknown) => this.#listener.failed(error);
    this.#socket = socket;
    this.#link = new Link(() => socket.bufferedAmount ?? 0);
    this.#bytesMoved = this.#link.watch();
    this.#proven = false;
    this.#timer = setTimeout(() => this.#drop("the attempt took too long"), this.#options.timeoutMs);
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
    if (this.#quietBeats === BEATS_TO_ASK) this.#patience = 1; // The question was answered within a beat: the link is no slow one.
    this.#quietBeats = 0;
    this.#proven = true;
    if (typeof data === "string") this.#listener.received(data);
  }

  #nextBeat(): void {
    this.#beat = setTimeout(() => this.#onBeat(), this.#options.heartbeatMs);
  }

  #onBeat(): void {
    this.#quietBeats = this.#bytesMoved() ? 0 : this.#quietBeats + 1;
    const deadline = BEATS_TO_DEATH * this.#patience + Math.floor(this.#link.allowanceMs() / this.#options.heartbeatMs);
    if (this.#quietBeats >= deadline) {
      this.#patience = Math.min(this.#patience * 2, MOST_PATIENCE); // The alarm was a false one if the next attempt reaches the server.
      return this.#drop("the server does not answer");
    }
    if (this.#quietBeats >= BEATS_TO_ASK) this.#listener.quiet();
    this.#nextBeat();
  }

  #onVisibility = (): void => {
    if (document.visibilityState === "visible") this.#wake();
  };

  /** The page is online or seen again: what we know about the connection is old. */
  #wake = (): void => {
    if (this.#state === "waiting") this.#attempt();
    if (this.#state === "connected") {
      this.#quietBeats = BEATS_TO_ASK;
      this.#listener.quiet();
    }
  };

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
      globalThis.removeEventListener?.("online", this.#wake);
      globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
      this.#state = "closed";
    } else {
      this.#timer = setTimeout(() => this.#attempt(), backoffMs(this.#failures));
      this.#state = "waiting";
    }
    this.#listener.closed(reason);
  }

  #abandon(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    // Handlers that do nothing, not null: ws in Node throws an error that nobody listens to.
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = () => {};
    socket.close();
  }
}
