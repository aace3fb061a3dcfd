import type { ProxyCollection } from "./collection.js";
import { type Drop, type Item, type Notify } from "./protocol.js";
import type { Answer } from "./requests.js";
/**
 * What this client wants to be subscribed to, and how the server is told.
 *
 * The first PUT /subs of a connection is the whole list, each path with the position that we have. If the first NOTIFY bears a revision, the
 * server is one that also takes changes of the list (`reset:false`); an older one would take them for the whole, so it always gets the whole.
 */
export declare class Subscriptions {
    #private;
    constructor(put: (arg: object) => Promise<Answer>);
    get(path: string): ProxyCollection<Item> | undefined;
    add(collection: ProxyCollection<Item>): void;
    release(path: string): void;
    /** What failed before may hold now. */
    connecting(): void;
    opened(): void;
    lost(forGood: boolean): void;
    receive(notify: Notify): void;
    /** The server serves a path no more. */
    drop({ path, error }: Drop): void;
    /** Tells the server what it has not been told. Called before any request, so that an update's NOTIFY finds its subscription. */
    flush(): void;
}
