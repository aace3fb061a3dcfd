import type { Item, NewItem, Position, Result } from "./protocol.js";
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
export declare function transact<T extends Item>({ path, send, read, end }: TransactionOwner<T>, id: string, first: ItemAt<T> | undefined, change: (item: T | undefined) => NewItem<T> | undefined): Promise<Result<number>>;
