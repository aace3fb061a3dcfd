/** A promise of the next snapshot, which can be renewed once it has resolved or rejected. It need not be caught. */
export declare class Readiness<V> {
    #private;
    constructor();
    get promise(): Promise<V>;
    /** Whether the promise has neither resolved nor rejected. */
    get awaited(): boolean;
    /** Makes a new promise, unless the present one is still awaited. */
    renew(): void;
    resolve(value: V): void;
    reject(error: unknown): void;
}
