// A server in memory and sockets without a network, so that a test decides what happens when.
import { SharedStateClient } from "../dist/sharedstate.es.js";
import { mistakeOf, viewed } from "./fake-views.js";

/** Speaks the protocol over whatever hands it text. `extended: false` makes it an older one: no positions, no incremental subscriptions. */
export class FakeServer {
  extended;
  epoch = "e1";
  /** Every request that came, of all connections. */
  received = [];
  /** The error, by path, with which a subscription is refused. */
  refusals = new Map();
  /** While true it reads and says nothing. */
  muted = false;
  now = 1000;
  /** Answers PUT /auth: the identity of a token, or false. Undefined for a server that knows no tokens. */
  authenticate;
  /** What the first reply of a connection says of the server's limits; undefined for a server that says nothing. */
  limits;
  #collections = new Map();
  #connections = new Set();

  constructor({ extended = true } = {}) {
    this.extended = extended;
  }

  /** A connection; what the server says goes to `send`. */
  connect(send) {
    const connection = { send: message => this.muted || send(JSON.stringify(message)), paths: new Map(), views: new Map() };
    this.#connections.add(connection);
    return {
      receive: text => this.#receive(connection, JSON.parse(text)),
      close: () => this.#connections.delete(connection),
    };
  }

  items(path) {
    return [...this.#collection(path).items.values()].map(({ item }) => item);
  }

  /** A change by another client. */
  update(path, { remove = [], insert = [], reset = false }) {
    const collection = this.#collection(path);
    const rev = ++collection.rev;
    const gone = reset ? [...collection.items.keys()] : remove;
    for (const id of gone) {
      collection.items.delete(id);
      collection.removed.set(id, rev);
    }
    for (const item of insert) {
      collection.items.set(item.id, { item, rev });
      collection.removed.delete(item.id);
    }
    for (const connection of this.#connections) {
      for (const [key, options] of connection.paths) {
        if (pathOf(key) !== path) continue;
        if (isView(options)) this.#notifyView(connection, key);
        else this.#notify(connection, path, { remove: reset ? [] : remove, insert, reset }, { prev: rev - 1, as: options.as });
      }
    }
  }

  /** The difference between what a view holds and what its subscriber was told. */
  #notifyView(connection, key) {
    const [path, options, told] = [pathOf(key), connection.paths.get(key), connection.views.get(key)];
    const { items, total } = viewed(this.items(path), options);
    const now = new Map(items.map(item => [item.id, JSON.stringify(item)]));
    const remove = [...told.items.keys()].filter(id => !now.has(id));
    const insert = items.filter(({ id }) => told.items.get(id) !== now.get(id));
    if (remove.length + insert.length === 0 && total === told.total) return;
    this.#notify(connection, path, { remove, insert, reset: false }, { prev: told.rev, as: options.as, total });
    connection.views.set(key, { items: now, total, rev: this.#collection(path).rev });
  }

  /** Says something to all subscribers of a path that need not be true. */
  say(path, data, position) {
    for (const { send } of this.#connections) send({ type: "MESSAGE", cmd: "NOTIFY", path, data, ...position });
  }

  /** Ends a subscription, as when its service is closed. */
  drop(path, error) {
    for (const { paths, send } of this.#connections) {
      paths.delete(path);
      send({ type: "MESSAGE", cmd: "DROP", path, error });
    }
  }

  #receive(connection, request) {
    const { cmd, path, arg, tunnel } = request;
    this.received.push(request);
    const reply = fields => {
      const limits = !connection.told && this.limits && { limits: this.limits };
      connection.told = true;
      connection.send({ type: "REPLY", cmd, tunnel, ...fields, ...limits });
    };
    if (path === "/clock") reply({ ok: true, data: this.now });
    else if (path === "/auth" && this.authenticate) {
      const data = this.authenticate(arg.token);
      const error = { code: "unauthorized", message: "the token is not valid", temporary: false };
      reply(data ? { ok: true, data } : { ok: false, data: error.message, error });
    } else if (path === "/subs" && cmd === "PUT") this.#subscribe(connection, arg, reply);
    else if (path.split("/").length !== 4) reply({ ok: false, data: "no service" });
    else if (cmd === "GET" && this.refusals.has(path)) reply({ ok: false, data: "refused", error: this.refusals.get(path) });
    else if (cmd === "GET") {
      const { items, total } = this.extended && isView(arg) ? viewed(this.items(path), arg) : { items: this.items(path) };
      reply({ ok: true, data: items, ...(total !== undefined && { total }), ...this.#position(path) });
    }
    else {
      this.update(path, arg);
      reply({ ok: true, data: (arg.remove ?? []).length + (arg.insert ?? []).length, ...this.#position(path) });
    }
  }

  #subscribe(connection, { insert = [], remove = [], reset = true }, reply) {
    if (reset || !this.extended) connection.paths.clear();
    for (const name of remove) connection.paths.delete(String(name));
    const reasonOf = (path, { as, ...options }) => {
      const message = this.extended && mistakeOf(options);
      const reason = message ? { code: "bad_request", message } : this.refusals.get(path);
      return reason && { ...reason, ...(as && { as }) };
    };
    const refused = insert.filter(([path, options]) => reasonOf(path, options));
    const taken = insert.filter(([path, options]) => !reasonOf(path, options));
    const keyOf = (path, { as }) => (this.extended && as ? `${path},${as}` : path);
    for (const [path, options] of taken) connection.paths.set(keyOf(path, options), this.extended ? options : {});
    const ok = taken.length > 0 || refused.length === 0;
    const errors = refused.length > 0 && { errors: refused.map(([path, options]) => [path, reasonOf(path, options)]) };
    reply({ ok, data: [...connection.paths].map(([key, options]) => [pathOf(key), options]), ...(this.extended && errors) });
    for (const [path, options] of taken) {
      if (this.extended && isView(options)) this.#showView(connection, keyOf(path, options));
      else this.#catchUp(connection, path, options);
    }
  }

  /** The server resumes no views: it need not. */
  #showView(connection, key) {
    const [path, options] = [pathOf(key), connection.paths.get(key)];
    const { items, total } = viewed(this.items(path), options);
    const told = new Map(items.map(item => [item.id, JSON.stringify(item)]));
    connection.views.set(key, { items: told, total, rev: this.#collection(path).rev });
    this.#notify(connection, path, { remove: [], insert: items, reset: true }, { as: options.as, total });
  }

  #catchUp(connection, path, { since, epoch, as }) {
    const { items, removed } = this.#collection(path);
    const resumes = this.extended && since !== undefined && epoch === this.epoch;
    const insert = [...items.values()].filter(({ rev }) => !resumes || rev > since).map(({ item }) => item);
    const remove = resumes ? [...removed].filter(([, rev]) => rev > since).map(([id]) => id) : [];
    this.#notify(connection, path, { remove, insert, reset: !resumes }, { prev: since, as });
  }

  #notify(connection, path, data, { prev, as, total }) {
    const position = { ...this.#position(path), ...(!data.reset && { prev }) };
    const extra = this.extended && { ...position, ...(as && { as }), ...(total !== undefined && { total }) };
    connection.send({ type: "MESSAGE", cmd: "NOTIFY", path, data, ...extra });
  }

  #position(path) {
    return this.extended ? { rev: this.#collection(path).rev, epoch: this.epoch } : {};
  }

  #collection(path) {
    if (!this.#collections.has(path)) this.#collections.set(path, { items: new Map(), removed: new Map(), rev: 0 });
    return this.#collections.get(path);
  }
}

/** A subscription is kept by its path, or by its path, a comma and its name. */
const pathOf = key => key.split(",")[0];

const isView = options => ["filter", "order", "limit", "after", "fields"].some(field => options?.[field] !== undefined);

/** The network between a client and a fake server: `WebSocket` is the option for the client. */
export class FakeNetwork {
  /** What becomes of attempts to connect: "open", "refuse", or "hang". */
  mode = "open";
  /** How long a message takes each way, in the test's time. */
  latencyMs = 0;
  sockets = [];
  WebSocket;

  constructor(server) {
    const network = this;
    this.WebSocket = class {
      onopen = this.onmessage = this.onclose = this.onerror = null;
      /** Bytes that have not left; a test sets it. */
      bufferedAmount = 0;
      isOpen = false;

      constructor(url) {
        this.url = url;
        network.sockets.push(this);
        if (network.mode === "open") queueMicrotask(() => this.open());
        if (network.mode === "refuse") queueMicrotask(() => this.fail());
      }

      open() {
        this.isOpen = true;
        this.connection = server.connect(text => network.#carry(() => this.isOpen && this.onmessage({ data: text })));
        this.onopen({});
      }

      fail() {
        this.onerror({ message: "refused" });
        this.onclose({ code: 1006, reason: "", wasClean: false });
      }

      send(text) {
        if (network.latencyMs === 0) this.isOpen && this.connection.receive(text);
        else network.#carry(() => this.isOpen && this.connection.receive(text));
      }

      close(code = 1000) {
        this.connection?.close();
        this.isOpen = false;
        this.onclose({ code, reason: "", wasClean: code !== 1006 });
      }
    };
  }

  #carry(deliver) {
    if (this.latencyMs === 0) queueMicrotask(deliver);
    else setTimeout(deliver, this.latencyMs);
  }

  get last() {
    return this.sockets.at(-1);
  }

  cut(code = 1006) {
    this.last.close(code);
  }
}

/** Lets everything happen that takes no time. */
export const settle = () => new Promise(resolve => setImmediate(resolve));

/** A client with a server of its own, in a time that stands still until `advance`. */
export function setUp(t, { extended = true, mode = "open", Client = SharedStateClient, ...options } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  t.mock.method(Math, "random", () => 1); // No jitter.
  const server = new FakeServer({ extended });
  const network = new FakeNetwork(server);
  network.mode = mode;
  const client = new Client("ws://server/", { WebSocket: network.WebSocket, ...options });
  t.after(() => client.close());

  const advance = async ms => {
    for (let left = ms; left > 0; left -= 20) {
      t.mock.timers.tick(Math.min(left, 20));
      await settle();
    }
  };
  /** The arguments of the PUT /subs so far, without the size of parts, which each subscription has. */
  const lists = () => server.received.filter(({ cmd, path }) => cmd === "PUT" && path === "/subs")
    .map(({ arg }) => ({ ...arg, insert: arg.insert.map(([path, { part, ...options }]) => [path, options]) }));
  return { server, network, client, advance, lists };
}
