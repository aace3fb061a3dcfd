import type { Item } from "./protocol.js";
import type { Order } from "./view.js";
/** The items in an order, sorted as the server sorts: docs/PROTOCOL.md, "Views". */
export declare function sorted<T extends Item>(items: Iterable<T>, order: Order): T[];
