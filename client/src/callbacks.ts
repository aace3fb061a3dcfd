/** What `add_callback` returned: the way to take the callback off again. */
export interface CallbackHandle<E> {
  readonly handler: (event: E) => void;
}

/**
 * The handlers of one kind of event. One that throws disturbs nobody else, and handlers may add and remove handlers:
 * an event goes to those who were there when it happened and still are when their turn comes.
 */
export class Callbacks<E> {
  #handles = new Set<CallbackHandle<E>>();

  add(handler: (event: E) => void): CallbackHandle<E> {
    const handle = { handler };
    this.#handles.add(handle);
    return handle;
  }

  remove(handle: CallbackHandle<E>): void {
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
}

/** Runs code of the application; what it throws is shown on the console and goes no further. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error("sharedstate: a callback threw", error);
  }
}
