/** The result of `add_callback`: the way to take the callback off again. */
export interface CallbackHandle<E> {
    readonly handler: (event: E) => void;
}
/**
 * The handlers of one kind of event. One that throws disturbs no other, and handlers may add and remove handlers:
 * an event goes to the handlers that were there when it happened and still are when their turn comes.
 */
export declare class Callbacks<E> {
    #private;
    get size(): number;
    add(handler: (event: E) => void): CallbackHandle<E>;
    remove(handle: CallbackHandle<E>): void;
    clear(): void;
    call(event: E): void;
    /** Adds a handler, and calls it with a first event at once. Returns the function that removes it. */
    follow(handler: (event: E) => void, first: E): () => void;
}
/** Runs code of the application. An error, also one that a promise brings later, is shown on the console and goes no further. */
export declare function guarded(run: () => unknown): void;
