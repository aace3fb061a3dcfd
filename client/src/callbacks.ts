import { must } from "./json.js";

/** The result of `add_callback`: the way to take the callback off again. */
export interface CallbackHandle<E> {
  readonly handler: (event: E) => void;
}

/**
 * The handlers of one kind of event. One that throws disturbs no other, and handlers may add and remove handlers:
 * an event goes to the handlers that were there when it happened and still are when their turn comes.
 */
export class Callbacks<E> {
  #handles = new Set<CallbackHandle<E>>();

  get size(): number {
    return this.#handles.size;
  }

  add(handler: (event: E) => void): CallbackHandle<E> {
    must(typeof handler === "function", "a function as callback", handler);
    const handle = { handler };
    this.#handles.add(handle);
    return handle;
  }

  remove(handle: CallbackHandle<E>): void {
    must(typeof handle?.handler === "function", "the handle that adding the callback returned", handle);
    this.#handles.delete(handle);
  }

  clear(): void {
    this.#handles.clear();
  }

  call(event: E): void {
    for (const handle of [...this.#handles]) {
      if (this.#handles.has(handle)) guarded(() => handle.handler(event));
    }
  }

  /** Adds a handler, and calls it with a first event at once. Returns the function that removes it. */
  follow(handler: (event: E) => void, first: E): () => void {
    const handle = this.add(handler);
    guarded(() => handler(first));
    return () => this.remove(handle);
  }
}

/** Runs code of the application. An error, also one that a promise brings later, is shown on the console and goes no further. */
export function guarded(run: () => unknown): void {
  const report = (error: unknown): void => console.error("sharedstate: a callback threw", error);
  try {
    const result = run();
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}
