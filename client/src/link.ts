/** Bytes a millisecond (16 KiB a second) of the slowest link that counts as working. The server ends an upload that is slower. */
const SLOWEST_BYTES_PER_MS = 16.384;

/**
 * The bytes of one connection on their way to the server. `bufferedAmount` shows only those that the WebSocket still holds: some
 * implementations
 * release a message as a whole, and the buffers of the system and the network behind it hold megabytes. A reply shows the rest: replies
 * come in the order of the requests, so all bytes up to the end of an answered request have arrived.
 */
export class Link {
  #buffered: () => number;
  #sent = 0;
  #arrived = 0;
  /** The bytes in the buffer, and those that had left it, at the last look. */
  #held = 0;
  #left = 0;

  constructor(buffered: () => number) {
    this.#buffered = buffered;
  }

  /** Counts the bytes of a request that is handed to the WebSocket. Returns the position at which the request ends. */
  sent(bytes: number): number {
    return this.#sent += bytes;
  }

  /** The request that ends at a position was answered. */
  answered(end: number): void {
    this.#arrived = Math.max(this.#arrived, end);
  }

  /** The end of the latest request that was answered. */
  get arrived(): number {
    return this.#arrived;
  }

  /**
   * Whether bytes have moved since the last call: whether the buffer held bytes then, and some have left it. Bytes that leave an
   * empty buffer at once prove nothing: the system takes megabytes for a dead link.
   */
  moved(): boolean {
    const [held, left] = [this.#held, this.#left];
    this.#held = this.#buffered();
    this.#left = this.#sent - this.#held;
    return held > 0 && this.#left > left;
  }

  /** How many whole periods the bytes up to a position may still be on their way, on the slowest link that counts as working. */
  allowance(periodMs: number, end = this.#sent): number {
    return Math.floor(Math.max(0, end - this.#arrived) / SLOWEST_BYTES_PER_MS / periodMs);
  }
}

/** The bytes of a text as UTF-8. A short text, which no server's limit (at least 1,024 bytes) concerns, counts by its UTF-16 code units. */
export function byteLength(text: string): number {
  return text.length < 256 ? text.length : new TextEncoder().encode(text).length;
}
