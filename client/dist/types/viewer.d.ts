import type { ProxyCollection } from "./collection.js";
import type { AnyItem, Item } from "./protocol.js";
export interface CollectionViewerOptions<T extends Item = AnyItem> {
    /** Give each item a button that removes it. */
    delete?: boolean;
    /** An item as HTML. It goes into the page as it is: escape what comes from the item. */
    toString?: (item: T) => string;
}
/**
 * Shows a collection in an element: one child `div.list-item` per item, in the collection's order. Its `data-id` attribute is the item's
 * id, and so is its `id` attribute, unless
 * another element of the page has that id. A click on an element with `id="delete"` in it, also in the HTML of a custom `toString`,
 * removes the item if `delete` is set.
 */
export declare class CollectionViewer<T extends Item = AnyItem> {
    #private;
    constructor(collection: ProxyCollection<T>, element: HTMLElement, options?: CollectionViewerOptions<T>);
}
