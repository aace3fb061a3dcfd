import type { Notify } from "./protocol.js";
/**
 * The largest part of a NOTIFY that the client asks for, in bytes: the least that the protocol has. A small message waits for at most one
 * part, which is
 * half a second at 30 KB/s, and a part is a sign of life within 10 s down to 1.6 KB/s. What a part costs beside its items is about 1% of
 * it.
 */
export declare const PART_BYTES: number;
/** Gathers the parts of a NOTIFY until it is whole. */
export declare class Parts {
    #private;
    /** The whole message, once its last part is here. A part of another message begins anew: the server has started over. */
    add(part: Notify): Notify | undefined;
    /** Forgets the parts of a message whose rest does not come. */
    clear(): void;
}
