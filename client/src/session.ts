import { guarded } from "./callbacks.js";
import { refusal, type Refusal } from "./protocol.js";
import type { Answer } from "./requests.js";
import { backoffMs } from "./socket.js";
import { later } from "./timers.js";

/** Who the client is for the server. */
export interface Identity {
  /** The user's name (the claim `sub`, or the name of an API key); null while the client is anonymous. */
  readonly user: string | null;
  /** What else the token says. */
  readonly claims: { readonly [claim: string]: unknown };
  /** When the token expires, in seconds since 1970; null for never. */
  readonly expires: number | null;
}

/** A token; null for none. */
export type Token = string | null | undefined;

/** A token, or the function that gets one. The function may be called again at any time, and must then return a token that is good now. */
export type TokenSource = Token | (() => Token | Promise<Token>);

export const ANONYMOUS: Identity = { user: null, claims: {}, expires: null };

/** A token is asked for again in the last fifth of its life, but at most a minute before its end. */
const LIFE_PARTS = 5;
const MOST_LEAD_MS = 60_000;

/** The least time between two tokens, whatever the clock of this computer says about their end. */
const LEAST_MS = 1000;

/** The time between two tokens if this computer's clock says that a token has ended which the server has just accepted. */
const WRONG_CLOCK_MS = 10_000;

/** What a session needs of the client. */
export interface SessionHost {
  /** Sends a request at once. */
  send(token: string | null): Promise<Answer>;
  /** The token is on its way: all other requests may follow. */
  began(): void;
  /** The identity is another one. */
  changed(): void;
  /** The server was asked again; with a reason, what it refused stays refused. */
  judged(reason?: Refusal): void;
}

/** The token of the client: the first request of each connection, renewed before it expires and after `unauthorized`. */
export class Session {
  identity = ANONYMOUS;
  #source: TokenSource;
  #host: SessionHost;
  /** The connection is up, and the token is not on its way yet. */
  #beginning = false;
  #connected = false;
  /** Counts the tokens that were asked for: only the last one counts. */
  #attempt = 0;
  #asking = false;
  #askedAt = -Infinity;
  #failures = 0;
  /** The token that the server refused last: it is not sent again. */
  #refused: Token;
  #timer: ReturnType<typeof later>;

  constructor(source: TokenSource, host: SessionHost) {
    this.#source = source;
    this.#host = host;
  }

  /** Other requests have to wait for the token. */
  get beginning(): boolean {
    return this.#beginning;
  }

  opened(): void {
    this.#connected = true;
    this.#refused = undefined;
    if (this.#source === undefined) return this.#host.began();
    this.#beginning = true;
    void this.#ask();
  }

  lost(): void {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#connected = this.#beginning = this.#asking = false;
  }

  /** Another token from now on; null makes the client anonymous. */
  change(source: TokenSource): void {
    this.#source = source ?? null;
    this.#refused = undefined;
    if (this.#connected) void this.#ask();
  }

  /** The server takes the client for anonymous, and wants a valid token. Whether there may be one; then `judged` follows. */
  renew(): boolean {
    if (this.identity.user) this.#become(ANONYMOUS);
    if (typeof this.#source !== "function") return false;
    if (!this.#asking) this.#askIn(Math.max(0, this.#askedAt + LEAST_MS - Date.now()));
    return true;
  }

  #become(identity: Identity): void {
    this.identity = identity;
    this.#host.changed();
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = later(ms, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const attempt = ++this.#attempt;
    this.#asking = true;
    this.#askedAt = Date.now();
    const source = this.#source;
    let token: Token;
    let failure: unknown;
    try {
      token = typeof source === "function" ? await source() : source;
    } catch (error) {
      failure = error;
      guarded(() => Promise.reject(error));
    }
    if (attempt !== this.#attempt) return;
    const known = token !== undefined && token === this.#refused;
    const answer = failure || known ? undefined : this.#host.send(token ?? null);
    if (this.#beginning) {
      this.#beginning = false;
      this.#host.began();
    }
    this.#settle(token, failure, answer && await answer, attempt);
  }

  #settle(token: Token, failure: unknown, answer: Answer | undefined, attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#asking = false;
    const { ok, data, error } = answer ?? {};
    if (ok) {
      this.#failures = 0;
      const { expires } = data as Identity;
      const leftMs = (expires ?? Infinity) * 1000 - Date.now();
      const nextMs = leftMs > 0 ? leftMs - Math.min(leftMs / LIFE_PARTS, MOST_LEAD_MS) : WRONG_CLOCK_MS;
      if (typeof this.#source === "function") this.#askIn(Math.max(LEAST_MS, nextMs));
      this.#become(data as Identity);
      if (token) return this.#host.judged();
    }
    if (error?.code === "unauthorized") this.#refused = token;
    // The same refused token again: a new one may come with the next connection.
    if (typeof this.#source === "function" && (failure || error?.code === "unauthorized")) this.#askIn(backoffMs(this.#failures++));
    const reason = failure ? `there is no token: ${failure}` : token ? "the server refused this token before" : "there is no token";
    this.#host.judged(error ?? refusal("unauthorized", reason));
  }
}
