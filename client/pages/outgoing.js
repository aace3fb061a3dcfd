/** How long a batch of changes is collected: about 30 updates a second, which a slow network can follow. */
const BATCH_MS = 33;
const RETRY_MS = 1000;

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/**
 * The visitor's changes on their way to the server: the newest of each id, one update at a time. A change that finds no connection is
 * kept and sent again: it says what an item is to be, so that twice does no harm. One that the server refuses is reported as lost.
 */
export class Outgoing {
  #send;
  #settled;
  #lost;
  /** Items by id; undefined is a removal. */
  #waiting = new Map();
  #sent = new Map();
  #running = false;

  /**
   * `send` takes an update and returns its result, `settled` gets the ids whose changes are answered, and `lost` the reason when they
   * were refused.
   */
  constructor(send, settled, lost) {
    this.#send = send;
    this.#settled = settled;
    this.#lost = lost;
  }

  /** Whether a change waits for its next attempt. */
  late = false;

  /** Whether a change is not answered yet. */
  get busy() {
    return this.#waiting.size + this.#sent.size > 0;
  }

  /** Whether a change of an item is not answered yet: what comes from the server is older. */
  has(id) {
    return this.#waiting.has(id) || this.#sent.has(id);
  }

  put(id, item) {
    this.#waiting.set(id, item);
    void this.#run();
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.size > 0) {
      this.#sent = this.#waiting;
      this.#waiting = new Map();
      const insert = [...this.#sent.values()].filter(Boolean);
      const remove = [...this.#sent].flatMap(([id, item]) => (item ? [] : [id]));
      const [{ ok, error }] = await Promise.all([this.#send({ insert, remove }), pause(BATCH_MS)]);
      const sent = this.#sent;
      this.#sent = new Map();
      this.late = !ok && error.temporary;
      if (this.late) this.#waiting = new Map([...sent, ...this.#waiting]);
      else if (!ok) this.#lost(error.message);
      this.#settled([...sent.keys()].filter(id => !this.#waiting.has(id)));
      if (this.late) await pause(RETRY_MS);
    }
    this.#running = false;
  }
}
