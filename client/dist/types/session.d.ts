import { type Refusal } from "./protocol.js";
import type { Answer } from "./requests.js";
/** Who the client is for the server. */
export interface Identity {
    /** The user's name (the claim `sub`, or the name of an API key); null while the client is anonymous. */
    readonly user: string | null;
    /** What else the token says. */
    readonly claims: {
        readonly [claim: string]: unknown;
    };
    /** When the token expires, in seconds since 1970; null for never. */
    readonly expires: number | null;
}
/** A token; null for none. */
export type Token = string | null | undefined;
/** A token, or the function that gets one. The function may be called again at any time, and must then return a token that is good now. */
export type TokenSource = Token | (() => Token | Promise<Token>);
export declare const ANONYMOUS: Identity;
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
export declare class Session {
    #private;
    identity: Identity;
    constructor(source: TokenSource, host: SessionHost);
    /** Other requests have to wait for the token. */
    get beginning(): boolean;
    opened(): void;
    lost(): void;
    /** Another token from now on; null makes the client anonymous. */
    change(source: TokenSource): void;
    /** The server takes the client for anonymous, and wants a valid token. Whether there may be one; then `judged` follows. */
    renew(): boolean;
}
