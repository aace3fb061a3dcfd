import type { ProxyCollection } from "./collection.js";
import type { AnyItem, Item } from "./protocol.js";
export interface CollectionViewerOptions<T extends Item = AnyItem> {
    /** Give each item a button that removes it. */
    delete?: boolean;
    /** An item as HTML. It goes into the page as it is: escape what comes from the item. */
    toString?: (item: T) => string;
}
/** Shows a collection in an element: one child `div.list-item` per item, its `id` attribute the item's id. */
export declare class CollectionViewer<T extends Item = AnyItem> {
    #private;
    constructor(collection: ProxyCollection<T>, element: HTMLElement, options?: CollectionViewerOptions<T>);
}
