/** The order of items, by the code points of their ids: the same for all clients, whatever way the items came. */
export declare function byId({ id: a }: {
    id: string;
}, { id: b }: {
    id: string;
}): number;
/**
 * An id that no other client makes: the time in milliseconds, then ten characters by chance, each one of 36. Ids in the order of their items' creation
 * make the items' order that of creation. Not randomUUID: pages on plain http do not have it.
 */
export declare function newId(): string;
