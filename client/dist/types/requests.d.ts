import { type Link } from "./link.js";
import { type Refusal, type Reply } from "./protocol.js";
/** The answer to a request: the server's, or a refusal of our own in the same shape. */
export type Answer = Omit<Reply, "type" | "tunnel">;
/** What the requests need of the connection. */
export interface Transport {
    /** The link of the connection that is up. */
    readonly link: Link;
    send(text: string): void;
}
/** The requests that have no answer yet. Each gets one, sooner or later: no promise of ours stays pending. */
export declare class Requests {
    #private;
    constructor(transport: Transport, timeoutMs: number);
    /** Sends a request now, or keeps it for `sendWaiting`. */
    add(cmd: "GET" | "PUT", path: string, arg: unknown, now: boolean): Promise<Answer>;
    sendWaiting(): void;
    answer(reply: Reply): void;
    /**
     * A message has come, or bytes have left a full buffer; the answers may wait behind such. `busy`: this will end by itself, as replies,
     * parts and bytes do.
     * Other messages may come for ever.
     */
    received(busy: boolean): void;
    /** The connection broke: sent requests get no answer any more; the others wait for the next connection, if there will be one. */
    lost(forGood: boolean, reason?: string): void;
}
export declare function refused(code: Refusal["code"], message: string): Answer & {
    ok: false;
};
