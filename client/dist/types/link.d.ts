/**
 * The bytes of one connection on their way to the server. `bufferedAmount` shows only those that the WebSocket still holds: some
 * implementations
 * release a message as a whole, and the buffers of the system and the network behind it hold megabytes. A reply shows the rest: replies
 * come in the order of the requests, so all bytes up to the end of an answered request have arrived.
 */
export declare class Link {
    #private;
    constructor(buffered: () => number);
    /** Counts the bytes of a request that is handed to the WebSocket. Returns the position at which the request ends. */
    sent(bytes: number): number;
    /** The request that ends at a position was answered. */
    answered(end: number): void;
    /** The end of the latest request that was answered. */
    get arrived(): number;
    /**
     * Whether bytes have moved since the last call: whether the buffer held bytes then, and some have left it. Bytes that leave an
     * empty buffer at once prove nothing: the system takes megabytes for a dead link.
     */
    moved(): boolean;
    /** How many whole periods the bytes up to a position may still be on their way, on the slowest link that counts as working. */
    allowance(periodMs: number, end?: number): number;
}
/** The bytes of a text as UTF-8. A short text, which no server's limit (at least 1,024 bytes) concerns, counts by its UTF-16 code units. */
export declare function byteLength(text: string): number;
