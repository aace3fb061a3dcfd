/** How long a batch of changes is collected: about 30 updates a second, which a slow network can follow. */
const BATCH_MS = 33;
const RETRY_MS = 1000;

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Changes, and later ones of the same items. What comes after a removal is too late. */
const merged = (changes, later) => new Map([...changes, ...[...later].map(([id, fields]) =>
  [id, fields && changes.get(id) !== null ? { ...changes.get(id), ...fields } : null])]);

/**
 * The visitor's changes on their way to the server: the newest of each field, one update at a time. A change that finds no connection is
 * kept and sent again: it says what a field is to be, so that twice does no harm. One that the server refuses is reported as lost.
 */
export class Outgoing {
  #send;
  #settled;
  #lost;
  /** Changed fields by id; null is a removal. */
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

  /** The fields of an item whose changes are not answered yet, so that the server's are older: null if it is removed. */
  changesOf(id) {
    return merged(this.#sent, this.#waiting).get(id);
  }

  patch(id, fields) {
    this.#change(id, fields);
  }

  remove(id) {
    this.#change(id, null);
  }

  #change(id, fields) {
    this.#waiting = merged(this.#waiting, new Map([[id, fields]]));
    void this.#run();
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting.size > 0) {
      this.#sent = this.#waiting;
      this.#waiting = new Map();
      const patch = [...this.#sent].flatMap(([id, fields]) => (fields ? [{ id, ...fields }] : []));
      const remove = [...this.#sent].flatMap(([id, fields]) => (fields ? [] : [id]));
      const [{ ok, error }] = await Promise.all([this.#send({ patch, remove }), pause(BATCH_MS)]);
      const sent = this.#sent;
      this.#sent = new Map();
      this.late = !ok && error.temporary;
      if (this.late) this.#waiting = merged(sent, this.#waiting);
      else if (!ok) this.#lost(error.message);
      this.#settled([...sent.keys()].filter(id => !this.#waiting.has(id)));
      if (this.late) await pause(RETRY_MS);
    }
    this.#running = false;
  }
}
