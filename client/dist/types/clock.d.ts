import type { Result } from "./protocol.js";
/** What the clock needs of a client. */
export interface ClockSource {
    readonly connected: boolean;
    get(path: "/clock"): Promise<Result>;
}
/** The server's clock, estimated from how long it takes to ask. */
export declare class ServerClock {
    #private;
    readonly pinger: Pinger;
    constructor(source: ClockSource);
    /** The server's time in seconds since 1970; this machine's time until the first answer. */
    now(): number;
    /** Seconds by which the server's clock is ahead of this machine's. */
    get skew(): number;
    /** Seconds that a message takes one way: half the least round trip among the last 30. The skew is off by no more than that. */
    get trans(): number;
}
/** When to ask the server for its time: often at first, for a good estimate soon, then now and then; never without a connection. */
export declare class Pinger {
    #private;
    pause(): void;
    resume(): void;
    /** Begins again with the frequent pings; a paused one when it is resumed. */
    restart(): void;
}
