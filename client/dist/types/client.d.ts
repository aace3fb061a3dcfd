/// <reference lib="esnext.disposable" preserve="true" />
import { type CallbackHandle } from "./callbacks.js";
import { ServerClock } from "./clock.js";
import { ProxyCollection } from "./collection.js";
import { ProxyObject } from "./object.js";
import { Presence } from "./presence.js";
import { type AnyItem, type Changes, type Item, type RequestOptions, type Result } from "./protocol.js";
import { type Identity, type TokenSource } from "./session.js";
import { type ClientState, type CloseReason, type WebSocketLike } from "./socket.js";
import { type CollectionOptions, type View } from "./view.js";
export interface SharedStateOptions {
    /** Log all traffic to the console, and refusals whose `ok` nothing has read. Default false. */
    debug?: boolean;
    /** A request that is refused throws a SharedStateError instead of resolving with `ok: false`. Default false. */
    throw?: boolean;
    /**
     * The token for the server, or a function that gets one, also as a promise. The client sends it as the first request of each connection,
     * never in the URL, and calls the function again before the token expires and when the server says `unauthorized`.
     */
    token?: TokenSource;
    /** Disposes of the client when it aborts. */
    signal?: AbortSignal;
    /** Give up after so many failed attempts to connect in a row. Default: never. */
    retries?: number;
    /**
     * How long a request waits for the connection, and how long an attempt to connect may take. Default 10,000. The answer may take one and
     * a half times that from the
     * moment when the request has left and the link is free for the answer: the server promises one within 10 s. 0 or Infinity: no limit.
     */
    timeoutMs?: number;
    /**
     * How often the client looks whether anything moves on the connection. Default 5,000. After 2-3 quiet looks it asks the server, after
     * 4-5 it connects anew; later
     * while bytes may still be on their way.
     */
    heartbeatMs?: number;
    /** The WebSocket to use. Default: the global one, which Node has from version 22 on; before, that of the `ws` package does. */
    WebSocket?: new (url: string) => WebSocketLike;
}
/** What a subscriber of a client gets. */
export interface ClientView {
    readonly state: ClientState;
    /** The updates that are not answered yet. */
    readonly pending: number;
    /** The user that the server knows the client as; null while it is anonymous. */
    readonly user: string | null;
}
/** Older browsers and Node have no `Symbol.dispose`. */
declare const symbolDispose: typeof Symbol.dispose;
/** A connection to a Shared State server that keeps itself up, and the collections that it shares. */
export declare class SharedStateClient {
    #private;
    /** The WebSocket URL that it connects to. */
    readonly url: string;
    readonly options: SharedStateOptions;
    acquireCollection: SharedStateClient["acquire_collection"];
    acquireObject: SharedStateClient["acquire_object"];
    addIdentityCallback: SharedStateClient["add_identity_callback"];
    removeIdentityCallback: SharedStateClient["remove_identity_callback"];
    addStateCallback: SharedStateClient["add_state_callback"];
    removeStateCallback: SharedStateClient["remove_state_callback"];
    /**
     * Connects at once. `url` is ws, wss, http, https, or relative to the page, else this throws. Where there is no WebSocket, as where
     * pages are rendered
     * on a server, the client is closed.
     */
    constructor(url: string, options?: SharedStateOptions);
    get state(): ClientState;
    get connected(): boolean;
    get connecting(): boolean;
    /** Calls the handler with each later state. */
    add_state_callback(handler: (state: ClientState) => void): CallbackHandle<ClientState>;
    remove_state_callback(handle: CallbackHandle<ClientState>): void;
    /** The user that the server knows the client as; null while it is anonymous. */
    get user(): string | null;
    /** All that the server knows of the user: what the token says. */
    get identity(): Identity;
    /** Calls the handler with each later identity. */
    add_identity_callback(handler: (identity: Identity) => void): CallbackHandle<Identity>;
    remove_identity_callback(handle: CallbackHandle<Identity>): void;
    /** Uses another token, or another function, from now on, as after a login; null makes the client anonymous. */
    setToken(token: TokenSource): void;
    /** The updates that are not answered yet: for a "Saving…". */
    get pending(): number;
    /** Calls the handler at once, and with each change of `state`, `pending` or `user`. Returns the function that ends this. */
    subscribe(handler: (view: ClientView) => void): () => void;
    /**
     * Connects again after it closed, or at once if it waits for its next attempt; right after a failure that attempt is made in due
     * time.
     */
    connect(): Promise<void>;
    /** Resolves when it is connected. Rejects if it is or gets closed before that. It need not be caught. */
    connectedPromise(): Promise<void>;
    /** Ends the connection, until `connect`. Collections keep what they hold, and go on from there. */
    close(): void;
    /** Ends the client for good: its connection, its collections, and its requests. */
    dispose(): void;
    [symbolDispose](): void;
    /**
     * The collection of a path, or a view of it, kept up to date until it is released as often as it was acquired; the same object for each
     * call with an equal path and equal options.
     */
    collection<T extends Item = AnyItem>(path: string, options?: CollectionOptions): ProxyCollection<T>;
    acquire_collection<T extends Item = AnyItem>(path: string, options?: CollectionOptions): ProxyCollection<T>;
    /** The item `name` of a collection as an object; the same object on each call. Acquires the collection. */
    object(path: string, name: string, options?: CollectionOptions): ProxyObject;
    /**
     * Shows the others that this client is here: one item in a collection, with the fields, for as long as the client is connected. It is
     * inserted again after a reconnect, and goes with `leave`, with the page, or a few seconds after the connection was lost.
     */
    presence<T extends Item = AnyItem>(path: string, fields?: Partial<Omit<T, "id">>): Presence<T>;
    acquire_object(path: string, name: string, options?: CollectionOptions): ProxyObject;
    /** Ends all collections and objects of a path, however often they were acquired: no callback any more, and updates throw. */
    release(path: string): void;
    /** Asks the server for the data at a path; with the fields of a view, for that view of a collection. */
    get<D = unknown>(path: string, options?: View & RequestOptions): Promise<Result<D>>;
    /** Sends a change to a path, whether its collection was acquired or not; see `ProxyCollection.update`. */
    update<T extends Item = AnyItem>(path: string, changes: Changes<T>, options?: RequestOptions): Promise<Result<number>>;
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
export {};
