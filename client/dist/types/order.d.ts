/** The order of items, by the code points of their ids: the same for all clients, whatever way the items came. */
export declare function byId({ id: a }: {
    id: string;
}, { id: b }: {
    id: string;
}): number;
/** The inserted items of an update, each with an id; the caller's objects stay as they are. */
export declare function withIds(items: readonly object[]): {
    id: string;
}[];
