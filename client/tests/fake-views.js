// The views of the fake server: as much of conditions and orders as the tests need, written the slow way.

const COMPARISONS = {
  $gt: (a, b) => a > b,
  $lt: (a, b) => a < b,
  $ne: (a, b) => a !== b,
  $in: (a, b) => b.includes(a),
};

/** What is wrong with a view; undefined if nothing is. */
export function mistakeOf({ filter = {}, order = [] }) {
  const unknown = Object.keys(filter).find(name => name.startsWith("$"));
  if (unknown) return `filter.${unknown}: unknown operator`;
  return order.every(Array.isArray) ? undefined : "order: a list of [path, 1] or [path, -1] is needed";
}

const matches = (item, filter = {}) => Object.entries(filter).every(([name, wanted]) =>
  typeof wanted === "object" && wanted
    ? Object.entries(wanted).every(([operator, value]) => COMPARISONS[operator](item[name], value))
    : item[name] === wanted);

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** The items of a view, in no particular order, and the number of those that match its filter. */
export function viewed(all, { filter, order = [], limit = Infinity, after, fields }) {
  const paths = order.map(([path]) => path).concat("id");
  const directions = order.map(([, direction]) => direction).concat(1);
  const place = (keys, others) => keys.map((key, n) => compare(key, others[n]) * directions[n]).find(Boolean) ?? 0;
  const keysOf = item => paths.map(path => item[path]);
  const matching = all.filter(item => matches(item, filter));
  const sorted = matching.filter(item => !after || place(keysOf(item), after) > 0).sort((a, b) => place(keysOf(a), keysOf(b)));
  const window = new Set(sorted.slice(0, limit));
  const cut = item => (fields ? Object.fromEntries(["id", ...fields].filter(name => name in item).map(name => [name, item[name]])) : item);
  return { items: all.filter(item => window.has(item)).map(cut), ...(limit !== Infinity && { total: matching.length }) };
}
