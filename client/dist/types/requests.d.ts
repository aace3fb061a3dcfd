import { type Reply } from "./protocol.js";
/** The answer to a request: the server's, or a refusal of our own in the same shape. */
export type Answer = Omit<Reply, "type" | "tunnel">;
/** The requests that have no answer yet. Each gets one, sooner or later: no promise of ours stays pending. */
export declare class Requests {
    #private;
    constructor(transmit: (text: string) => void, timeoutMs: number);
    /** Sends a request, or keeps it for `sendWaiting`. Throws if `arg` cannot be written as JSON. */
    add(cmd: "GET" | "PUT", path: string, arg: unknown, connected: boolean): Promise<Answer>;
    sendWaiting(): void;
    answer(reply: Reply): void;
    /** The connection broke: what was sent gets no answer any more; the rest waits for the next one, if there will be one. */
    lost(forGood: boolean): void;
}
