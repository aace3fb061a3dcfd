import { type CallbackHandle } from "./callbacks.js";
import { ServerClock } from "./clock.js";
import { ProxyCollection } from "./collection.js";
import { ProxyObject } from "./object.js";
import { type AnyItem, type Changes, type Item, type Result } from "./protocol.js";
import { type ClientState, type CloseReason, type WebSocketLike } from "./socket.js";
export interface SharedStateOptions {
    /** Log all traffic to the console. Default false. */
    debug?: boolean;
    /** Give up after so many failed attempts to connect in a row. Default: never. */
    retries?: number;
    /**
     * How long a request waits for the connection, and how long an attempt to connect may take. Default 10,000. The answer may take one and a half times that from the
     * moment when the request has left and the link is free for the answer: the server promises one within 10 s.
     */
    timeoutMs?: number;
    /**
     * How often the client looks whether anything moves on the connection. Default 5,000. After 2-3 quiet looks it asks the server, after 4-5 it connects anew; later
     * while bytes may still be on their way.
     */
    heartbeatMs?: number;
    /** The WebSocket to use. Default: the global one, which Node has from version 22 on; before, that of the `ws` package does. */
    WebSocket?: new (url: string) => WebSocketLike;
}
/** A connection to a Shared State server that keeps itself up, and what is shared over it. */
export declare class SharedStateClient {
    #private;
    /** The WebSocket URL that it connects to. */
    readonly url: string;
    readonly options: SharedStateOptions;
    /** Connects at once. `url` is ws, wss, http, https, or relative to the page. Throws if it is none of these, or if there is no WebSocket. */
    constructor(url: string, options?: SharedStateOptions);
    get state(): ClientState;
    get connected(): boolean;
    get connecting(): boolean;
    /** Calls the handler with each later state. */
    add_state_callback(handler: (state: ClientState) => void): CallbackHandle<ClientState>;
    remove_state_callback(handle: CallbackHandle<ClientState>): void;
    /** Connects again after it closed, or at once if it waits for its next attempt. */
    connect(): Promise<void>;
    /** Resolves when it is connected. Rejects if it is or gets closed before that. Nobody needs to catch it. */
    connectedPromise(): Promise<void>;
    /** Ends the connection, until `connect`. Collections keep what they hold, and go on from there. */
    close(): void;
    /**
     * The collection of a path, kept up to date until it is released; the same object on each call.
     * `options` are the subscription's; those of the first call count.
     */
    acquire_collection<T extends Item = AnyItem>(path: string, options?: Record<string, unknown>): ProxyCollection<T>;
    /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
    acquire_object(path: string, name: string, options?: Record<string, unknown>): ProxyObject;
    /** Ends the collection of a path and its objects: from now on no callback is called, and updates throw. */
    release(path: string): void;
    /** Asks the server for what is at a path. */
    get<D = unknown>(path: string): Promise<Result<D>>;
    /** Sends a change to a path; see `ProxyCollection.update`. */
    update<T extends Item = AnyItem>(path: string, changes: Changes<T>): Promise<Result<number>>;
    /** The server's clock, from the first use on. */
    get clock(): ServerClock;
    /** The connection is up; subscriptions and waiting requests are on their way. */
    on_connect(): void;
    /** A connection, or an attempt at one, has ended. */
    on_disconnect(_reason: CloseReason): void;
    /** The WebSocket reports an error; `on_disconnect` follows. */
    on_error(_error: unknown): void;
    /** A message has come and was dealt with. */
    on_message(_data: string): void;
}
