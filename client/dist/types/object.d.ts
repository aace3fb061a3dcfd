import type { CallbackHandle } from "./callbacks.js";
import type { ProxyCollection } from "./collection.js";
import type { Diff } from "./items.js";
import type { AnyItem, RequestOptions, Result, UpdateOptions } from "./protocol.js";
/** One item of a collection as a value that everyone can read and set. `SharedStateClient.acquire_object` makes it. */
export declare class ProxyObject {
    #private;
    readonly collection: ProxyCollection;
    readonly name: string;
    setItems: ProxyObject["set_items"];
    getItems: ProxyObject["get_items"];
    getItem: ProxyObject["get_item"];
    hasItem: ProxyObject["has_item"];
    addCallback: ProxyObject["add_callback"];
    removeCallback: ProxyObject["remove_callback"];
    /** The value; undefined when nothing is set. */
    get(): unknown;
    /** Stores `{id, data: value}`. Throws once the collection is released. */
    set(value: unknown, options?: UpdateOptions): Promise<Result<number>>;
    /** Stores a function of the value, and tries again when somebody else was faster; as `transact` of a collection. */
    transact(change: (value: unknown) => unknown, options?: RequestOptions): Promise<Result<number>>;
    /** Calls the handler with each later change of the item. */
    add_callback(handler: (diff: Diff) => void): CallbackHandle<Diff[]>;
    remove_callback(handle: CallbackHandle<Diff[]>): void;
    /** Stores `{id, state: items}`: the object as a small list of its own. Throws a TypeError for anything but an array. */
    set_items(items: readonly unknown[], options?: UpdateOptions): Promise<Result<number>>;
    /** The list; empty when nothing is set. */
    get_items(): AnyItem[];
    /** The list's element with that `id`; undefined when there is none. */
    get_item(id: string): AnyItem | undefined;
    has_item(id: string): boolean;
    /** Gives back one acquisition of the object's collection. */
    release(): void;
}
