// Random views, changes of views, updates and cuts: each copy becomes what a naive evaluation gives, and diffs tell all that happens to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { viewed } from "./fake-views.js";
import { setUp } from "./fakes.js";
import { random } from "./random.js";

const A = "/app/items/a";
const SEEDS = Number(process.env.SHAREDSTATE_SEEDS ?? 150), STEPS = 40;

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** What a collection should hold: the items and the total. */
function expected(server, options) {
  const { items, total } = viewed(server.items(A), options);
  const [[path, direction]] = options.order ?? [["id", 1]];
  const sorted = items.sort((a, b) => compare(a[path], b[path]) * direction || compare(a.id, b.id));
  return { items: sorted, total };
}

/** A collection, and a copy of it that is made of its diffs alone. */
class Follower {
  constructor(collection) {
    this.collection = collection;
    this.items = new Map(collection.items.map(item => [item.id, item]));
    collection.add_callback(diffs => {
      assert.ok(diffs.length > 0);
      for (const { id, old, new: item } of diffs) {
        assert.deepEqual(this.items.get(id), old);
        if (item) this.items.set(id, item);
        else this.items.delete(id);
      }
    });
  }

  check() {
    const byId = (a, b) => compare(a.id, b.id);
    const { items, state, options: { filter, limit, fields } } = this.collection;
    assert.deepEqual([...this.items.values()].sort(byId), [...items].sort(byId));
    // What is live belongs to the view that the options describe, not to the one before.
    if (state === "live" && !fields) assert.equal(viewed(items, { filter, limit }).items.length, items.length);
  }
}

for (const extended of [true, false]) test(`${extended ? "a server with views" : "an older server"}: ${SEEDS} random runs`, async t => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await t.test(`seed ${seed}`, async t => {
      const below = random(seed);
      const pick = list => list[below(list.length)];
      const { server, client, network, advance } = setUp(t, { extended });
      network.latencyMs = pick([0, 10, 50]);
      const item = () => ({ id: `${below(12)}`, n: below(6), kind: pick(["a", "b"]), text: pick(["x", "y"]) });
      const view = () => ({
        filter: pick([null, { kind: "a" }, { n: { $gt: 2 } }, { kind: "b", n: { $lt: 4 } }]),
        order: pick([null, [["n", 1]], [["n", -1]]]),
        limit: pick([null, null, 1, 3, 20]),
        fields: pick([null, null, ["n"], ["kind", "text"]]),
      });
      const followers = [];
      const steps = [
        () => server.update(A, { insert: [item(), item()], remove: [`${below(12)}`] }),
        () => server.update(A, { insert: [item()], reset: below(4) === 0 }),
        () => void pick(followers)?.collection.update({ insert: [item()], remove: [`${below(12)}`] }),
        () => {
          const { collection } = pick(followers) ?? {};
          const isShared = followers.filter(other => other.collection === collection).length > 1;
          if (isShared) assert.throws(() => collection.setView({ limit: 7 }), /was acquired/);
          else void collection?.setView(view());
        },
        () => followers.length < 6 && followers.push(new Follower(client.collection(A, pick([{}, view(), { maxRate: 5 }])))),
        () => followers.length > 3 && followers.splice(below(followers.length), 1)[0].collection.release(),
        () => below(3) === 0 && network.last.isOpen && network.cut(),
        () => advance(pick([20, 40, 100, 300])),
      ];
      for (let n = 0; n < STEPS; n++) {
        await pick(steps)();
        for (const follower of followers) follower.check();
      }
      await advance(3000);
      for (const { collection } of followers) {
        const { options, state, items, total } = collection;
        const isView = ["filter", "order", "limit", "fields"].some(field => options[field]);
        if (!extended && isView) {
          assert.deepEqual([state, collection.error.code], ["failed", "failed"]);
          continue;
        }
        const fields = options.fields && options.order ? [...options.fields, "n"] : options.fields;
        assert.equal(state, "live", JSON.stringify(options));
        assert.deepEqual({ items, total }, { total: undefined, ...expected(server, { ...options, fields }) }, JSON.stringify(options));
      }
      client.dispose();
    });
  }
});
