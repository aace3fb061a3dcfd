/** Compares by code points, as the server does; `<` compares by UTF-16 code units. */
export declare function byCodePoints(a: string, b: string): number;
/** The order of items, by the code points of their ids: the same for all clients, whatever way the items came. */
export declare const byId: ({ id: a }: {
    id: string;
}, { id: b }: {
    id: string;
}) => number;
/**
 * An id that no other client makes: the time in milliseconds, then ten characters by chance, each one of 36. Ids in the order of their
 * items' creation
 * make the items' order that of creation. Not randomUUID: pages on plain http do not have it.
 */
export declare function newId(): string;
/** The inserted items of an update, each with an id; the caller's objects stay as they are. */
export declare function withIds(items: readonly object[]): {
    id: string;
}[];
