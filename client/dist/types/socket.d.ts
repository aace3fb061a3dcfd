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
/** The wait after so many failures: up to half less by chance, so that a restarted server is not met by all its clients at once. */
export declare function backoffMs(failures: number): number;
/** One WebSocket after another: connects, notices that a connection has died, and connects again. */
export declare class Socket {
    #private;
    constructor(url: string, options: SocketOptions, listener: SocketListener);
    get state(): ClientState;
    get link(): Link;
    /**
     * Connects unless it is connected or about to be: now, or in due time right after a failure. The first call throws what the
     * WebSocket throws.
     */
    connect(first?: boolean): void;
    close(): void;
    send(text: string): void;
}
