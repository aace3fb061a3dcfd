import type { Notify } from "./protocol.js";

/**
 * The largest part of a NOTIFY that the client asks for, in bytes: the least that the protocol has. A small message waits for at most one
 * part, which is
 * half a second at 30 KB/s, and a part is a sign of life within 10 s down to 1.6 KB/s. What a part costs beside its items is about 1% of
 * it.
 */
export const PART_BYTES = 16 * 1024;

/** Gathers the parts of a NOTIFY until it is whole. */
export class Parts {
  #gathered: Notify[] = [];

  /** The whole message, once its last part is here. A part of another message begins anew: the server has started over. */
  add(part: Notify): Notify | undefined {
    const [first] = this.#gathered;
    if (first && (part.rev !== first.rev || part.epoch !== first.epoch || part.prev !== first.prev)) this.clear();
    this.#gathered.push(part);
    if (part.more) return undefined;
    const parts = this.#gathered;
    this.clear();
    if (parts.length === 1) return part;
    const { reset = false } = part.data;
    const remove = parts.flatMap(({ data }) => data.remove ?? []);
    const insert = parts.flatMap(({ data }) => data.insert ?? []);
    return { ...part, data: { reset, remove, insert } };
  }

  /** Forgets the parts of a message whose rest does not come. */
  clear(): void {
    this.#gathered = [];
  }
}
