import type { CollectionOwner, ProxyCollection } from "./collection.js";
import { type Drop, type Item, type Notify, type Refusal, type Reply } from "./protocol.js";
import type { Answer } from "./requests.js";
/** What the subscriptions do for a collection. */
type Membership = Pick<CollectionOwner, "resubscribe" | "release">;
/** The refusal of a view, or of a read of one, by the client: an older server ignores what it does not know. */
export declare const noViews: () => Refusal;
/**
 * The subscriptions that this client wants, and how the server is told.
 *
 * The first PUT /subs of a connection is the whole list, each path with the position that we have. An older server knows no others, and
 * sends all
 * collections again for each; ours also takes changes of the list (`reset:false`). The client finds out once per connection, by the first
 * message that has a field which an older server does not send, or lacks one that ours sends. Until then it sends no second list.
 */
export declare class Subscriptions {
    #private;
    /**
     * `settled` is called when requests that had to wait for subscriptions may go, `renew` when the server wants a valid token; if there may
     * be one, `judged` follows.
     */
    constructor(put: (arg: object) => Promise<Answer>, settled: () => void, renew: () => boolean);
    /** Subscriptions wait until it is known how to tell the server. A request made now must wait behind them. */
    get waiting(): boolean;
    /** The collection of a path and options, with one more handle. A new one if there is none. */
    acquire(path: string, optionsText: string, create: (membership: Membership) => ProxyCollection<Item>): ProxyCollection<Item>;
    /** Ends all subscriptions of a path, or all there are. */
    release(path?: string): void;
    /** What failed before may hold now. */
    connecting(): void;
    opened(): void;
    lost(forGood: boolean): void;
    /** A reply to whatever request: an older server sends no limits and no revisions. */
    replied({ limits, rev }: Reply): void;
    receive(notify: Notify): void;
    /** The server serves a subscription no more. */
    drop(drop: Drop): void;
    /** The server has judged a token. What it refused before may be allowed now, unless there is a reason why not. */
    judged(reason?: Refusal): void;
    /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
    flush(): void;
}
export {};
