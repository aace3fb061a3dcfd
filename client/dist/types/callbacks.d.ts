/** What `add_callback` returned: the way to take the callback off again. */
export interface CallbackHandle<E> {
    readonly handler: (event: E) => void;
}
/**
 * The handlers of one kind of event. One that throws disturbs nobody else, and handlers may add and remove handlers:
 * an event goes to those who were there when it happened and still are when their turn comes.
 */
export declare class Callbacks<E> {
    #private;
    add(handler: (event: E) => void): CallbackHandle<E>;
    remove(handle: CallbackHandle<E>): void;
    clear(): void;
    call(event: E): void;
}
/** Runs code of the application; what it throws is shown on the console and goes no further. */
export declare function guarded(run: () => void): void;
