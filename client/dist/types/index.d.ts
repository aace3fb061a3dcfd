/** What the bundles export. */
export { SharedStateClient, type SharedStateOptions } from "./client.js";
export { ProxyCollection, SubscriptionError, type CollectionState, type Diff } from "./collection.js";
export { ProxyObject } from "./object.js";
export { CollectionViewer, type CollectionViewerOptions } from "./viewer.js";
export type { CallbackHandle } from "./callbacks.js";
export type { Pinger, ServerClock } from "./clock.js";
export type { AnyItem, Changes, Item, NewItem, Result, SharedStateError } from "./protocol.js";
export type { ClientState, CloseReason, WebSocketLike } from "./socket.js";
