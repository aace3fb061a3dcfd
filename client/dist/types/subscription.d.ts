import type { ProxyCollection } from "./collection.js";
import { Parts } from "./parts.js";
import type { Item } from "./protocol.js";
/** One subscription: how the wire knows it, and the collection that it feeds. */
export declare class Subscription {
    readonly collection: ProxyCollection<Item>;
    /** Its name on the wire, if it has one. */
    as: string | undefined;
    /** Its options as text: equal ones share a subscription. */
    optionsText: string;
    /** The key by which the server was asked for it on this connection: that of an earlier view until the server has answered that one. */
    told: string | undefined;
    readonly parts: Parts;
    /** The acquisitions that were not given back. */
    handles: number;
    /** Times in a row that the server could not serve it for the moment. */
    refusals: number;
    retry: ReturnType<typeof setTimeout> | undefined;
    constructor(collection: ProxyCollection<Item>, optionsText: string);
    get key(): string;
    /** Whether it has a part of the collection. Only a server that knows names can serve that. */
    get isView(): boolean;
    /** Its element of `insert` in PUT /subs. */
    get request(): [path: string, options: object];
}
/** A subscription is known by its path, or by its path and its name. A path has no line break. */
export declare const keyOf: (path: string, as: string | undefined) => string;
