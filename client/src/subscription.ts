import type { ProxyCollection } from "./collection.js";
import { PART_BYTES, Parts } from "./parts.js";
import type { Item } from "./protocol.js";
import { viewOf, withSortFields } from "./view.js";

/** One subscription: how the wire knows it, and the collection that it feeds. */
export class Subscription {
  readonly collection: ProxyCollection<Item>;
  /** Its name on the wire, if it has one. */
  as: string | undefined;
  /** Its options as text: equal ones share a subscription. */
  optionsText: string;
  /** The key by which the server was asked for it on this connection: that of an earlier view until the server has answered that one. */
  told: string | undefined;
  readonly parts = new Parts();
  /** The acquisitions that were not given back. */
  handles = 0;
  /** Times in a row that the server could not serve it for the moment. */
  refusals = 0;
  retry: ReturnType<typeof setTimeout> | undefined;

  constructor(collection: ProxyCollection<Item>, optionsText: string) {
    this.collection = collection;
    this.optionsText = optionsText;
  }

  get key(): string {
    return keyOf(this.collection.path, this.as);
  }

  /** Whether it has a part of the collection. Only a server that knows names can serve that. */
  get isView(): boolean {
    return viewOf(this.collection.options) !== undefined;
  }

  /** Its element of `insert` in PUT /subs. */
  get request(): [path: string, options: object] {
    const { path, options, position } = this.collection;
    const own = withSortFields(options);
    const from = position && { since: position.rev, epoch: position.epoch };
    return [path, { ...own, part: PART_BYTES, ...(this.as && { as: this.as }), ...from }];
  }
}

/** A subscription is known by its path, or by its path and its name. A path has no line break. */
export const keyOf = (path: string, as: string | undefined): string => (as ? `${path}\n${as}` : path);
