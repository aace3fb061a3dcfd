// Views of a collection with four items, on the fakes.
import { setUp, settle } from "./fakes.js";

export const A = "/app/items/a";
export const OPEN = { filter: { done: false } };

/** Items with the numbers as `n`; the odd ones are done. */
export const items = (...numbers) => numbers.map(n => ({ id: `i${n}`, n, done: n % 2 === 1 }));
export const numbers = collection => collection.items.map(({ n }) => n);

/** A client, a view of four items that is live, and what its callbacks were told. */
export async function viewing(t, options, more) {
  const all = setUp(t, more);
  all.server.update(A, { insert: items(1, 2, 3, 4) });
  const view = all.client.collection(A, options);
  const diffs = [], states = [];
  view.add_callback(list => diffs.push(list.map(diff => [diff.id, Boolean(diff.old), Boolean(diff.new)])));
  view.add_state_callback(state => states.push(state));
  await settle();
  diffs.length = states.length = 0;
  return { ...all, view, diffs, states };
}
