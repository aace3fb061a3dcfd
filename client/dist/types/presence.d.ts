import type { CollectionState, CollectionView } from "./collection.js";
import type { AnyItem, Changes, Item, Result } from "./protocol.js";
/** What a presence needs of its client. */
export interface PresenceOwner {
    readonly client: {
        readonly connected: boolean;
        update(path: string, changes: Changes, options: {
            throw: boolean;
        }): Promise<Result<number>>;
        subscribe(handler: (view: {
            state: string;
        }) => void): () => void;
    };
    left(): void;
}
/** The items of a collection without the one of this client, live. */
export declare class Others<T extends Item = AnyItem> {
    #private;
    /** All of them, by their ids: the same array until the collection changes. Do not change it or its items. */
    get items(): readonly T[];
    get size(): number;
    get state(): CollectionState;
    get(id: string): T | undefined;
    /** Calls the handler at once, and after each change of the others or the state. Returns the function that ends this. */
    subscribe(handler: (view: Omit<CollectionView<T>, "total">) => void): () => void;
}
/** One item that stands for this client while it is connected, and those of the others. `SharedStateClient.presence` makes it. */
export declare class Presence<T extends Item = AnyItem> {
    #private;
    /** The id of this client's item. */
    readonly id: string;
    readonly others: Others<T>;
    /**
     * Changes fields of this client's item; the others stay. While an update is on its way the newest fields wait for its answer, so this
     * may be called with each move of a pointer. The promise is that of the update which has the fields.
     */
    set(fields: Partial<Omit<T, "id">>): Promise<Result<number>>;
    /** Removes the item, and gives the collection back. For good. */
    leave(): Promise<Result<number>>;
}
