import type { Result } from "./protocol.js";

/** What the clock needs of a client. */
export interface ClockSource {
  readonly connected: boolean;
  get(path: "/clock"): Promise<Result>;
}

interface Sample {
  skew: number;
  trans: number;
}

const SAMPLES = 30;

/** This machine's clock in seconds since 1970: steady while the wall clock is set, and finer than a millisecond. */
const localNow = (): number => (performance.timeOrigin + performance.now()) / 1000;

/** How far the wall clock is from ours. It moves when the wall clock is set, or when the machine slept and ours stood still. */
const wallOffset = (): number => Date.now() / 1000 - localNow();
const SLEPT_SECONDS = 0.5;

/** The server's clock, estimated from how long it takes to ask. */
export class ServerClock {
  readonly pinger: Pinger;
  #source: ClockSource;
  #samples: Sample[] = [];
  #best: Sample = { skew: 0, trans: 0 };
  #wallOffset = wallOffset();

  constructor(source: ClockSource) {
    this.#source = source;
    this.pinger = new Pinger(() => source.connected, () => this.#ping());
  }

  /** The server's time in seconds since 1970; this machine's time until the first answer. */
  now(): number {
    return localNow() + this.skew;
  }

  /** Seconds by which the server's clock is ahead of this machine's. */
  get skew(): number {
    return this.#best.skew;
  }

  /** Seconds that a message takes one way: half the least round trip among the last 30. The skew is off by no more than that. */
  get trans(): number {
    return this.#best.trans;
  }

  /**
   * @internal The connection came or went. A new one may lead to another server by another way: what was measured before does not
   * count.
   */
  restart(): void {
    this.#samples = [];
    this.pinger.restart();
  }

  async #ping(): Promise<void> {
    const sent = localNow();
    const { ok, data } = await this.#source.get("/clock");
    const received = localNow();
    if (!ok || typeof data !== "number") return;

    if (Math.abs(wallOffset() - this.#wallOffset) > SLEPT_SECONDS) {
      this.#wallOffset = wallOffset();
      this.restart(); // This sample may span the sleep, so it goes too.
      return;
    }
    this.#samples.push({ skew: data - (sent + received) / 2, trans: (received - sent) / 2 });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
    this.#best = this.#samples.reduce((best, sample) => (sample.trans < best.trans ? sample : best));
  }
}

/** When to ask the server for its time: often at first, for a good estimate soon, then now and then; never without a connection. */
export class Pinger {
  #connected: () => boolean;
  #ping: () => void;
  #count = 0;
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @internal */
  constructor(connected: () => boolean, ping: () => void) {
    this.#connected = connected;
    this.#ping = ping;
    this.#next();
  }

  pause(): void {
    this.#paused = true;
    clearTimeout(this.#timer);
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.#next();
    }
  }

  /** Begins again with the frequent pings; a paused one when it is resumed. */
  restart(): void {
    this.#count = 0;
    this.#next();
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#paused || !this.#connected()) return;
    const delayMs = this.#count < 3 ? 20 : this.#count < 10 ? 500 : 10_000;
    this.#timer = setTimeout(() => {
      this.#count++;
      this.#ping();
      this.#next();
    }, delayMs);
  }
}
