/** A promise of the next snapshot, which can be renewed once it has resolved or rejected. It need not be caught. */
export class Readiness<V> {
  #promise!: Promise<V>;
  #resolve!: (value: V) => void;
  #reject!: (error: unknown) => void;
  #awaited = false;

  constructor() {
    this.renew();
  }

  get promise(): Promise<V> {
    return this.#promise;
  }

  /** Whether the promise has neither resolved nor rejected. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** Makes a new promise, unless the present one is still awaited. */
  renew(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#promise.catch(() => {}); // A page that does not use it must not crash by it.
  }

  resolve(value: V): void {
    this.#awaited = false;
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#awaited = false;
    this.#reject(error);
  }
}
