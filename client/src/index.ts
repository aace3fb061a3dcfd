/** What the bundles export. */
export { SharedStateClient, type ClientView, type SharedStateOptions } from "./client.js";
export { ProxyCollection, type CollectionState, type CollectionView } from "./collection.js";
export type { Diff } from "./items.js";
export { ProxyObject } from "./object.js";
export { Others, Presence } from "./presence.js";
export { CollectionViewer, type CollectionViewerOptions } from "./viewer.js";
export type { CallbackHandle } from "./callbacks.js";
export type { Pinger, ServerClock } from "./clock.js";
export {
  SharedStateError, type AnyItem, type Changes, type Condition, type Conflict, type Filter, type Holder, type Increment, type Item,
  type NewItem, type Patch, type Refusal, type RequestOptions, type Result, type UpdateOptions,
} from "./protocol.js";
export type { Identity, Token, TokenSource } from "./session.js";
export type { ClientState, CloseReason, WebSocketLike } from "./socket.js";
export type { CollectionOptions, Order, View } from "./view.js";
