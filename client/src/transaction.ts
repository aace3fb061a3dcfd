import { isObject } from "./json.js";
import type { Item, NewItem, Position, Result } from "./protocol.js";

/** How often a transaction is tried, and the pauses between, which grow from the one to the other. */
const ATTEMPTS = 25, FIRST_PAUSE_MS = 5, LONGEST_PAUSE_MS = 500;

/** An item of a collection (undefined if it is missing) at a position. */
export interface ItemAt<T extends Item> {
  readonly item: T | undefined;
  readonly at: Position;
}

/** What a transaction needs of the collection. */
export interface TransactionOwner<T extends Item> {
  readonly path: string;
  send(changes: object): Promise<Result<number>>;
  read(): Promise<Result<T[]>>;
  /** Ends a request as its options say. */
  end<D>(result: Result<D>): Result<D>;
}

/**
 * Stores a function of an item, and tries again with the newer item after a conflict. `first` is the item as far as it is known; undefined
 * if it must be read.
 */
export async function transact<T extends Item>(
  { path, send, read, end }: TransactionOwner<T>, id: string, first: ItemAt<T> | undefined,
  change: (item: T | undefined) => NewItem<T> | undefined,
): Promise<Result<number>> {
  let known = first;
  for (let attempt = 1; ; attempt++) {
    if (!known) {
      const answer = await read();
      if (!answer.ok) return end(answer);
      known = { item: answer.data.find(item => item.id === id), at: { rev: answer.rev ?? 0, epoch: answer.epoch } };
    }
    const { item, at: { rev, epoch } } = known;
    const next = change(item);
    if (next === undefined) return { ok: true, path, data: 0, rev, ...(epoch !== undefined && { epoch }) };
    const result = await send({ insert: [isObject(next) ? { ...next, id } : next], if: { since: rev, epoch } });
    if (result.ok || result.error.code !== "conflict" || attempt === ATTEMPTS) return end(result);
    const now = result.conflicts?.find(conflict => conflict.id === id)?.item;
    known = now === undefined ? undefined : { item: now as T | null ?? undefined, at: { rev: result.rev ?? 0, epoch: result.epoch } };
    await new Promise(done => setTimeout(done, Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)));
  }
}
