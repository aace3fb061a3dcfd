/** Waits until a condition holds, and looks whenever the collection changes. */
export function until(collection, condition) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`not within 10 s: ${condition}`)), 10_000);
    const check = () => {
      if (!condition()) return;
      clearTimeout(limit);
      resolve();
    };
    collection.add_callback(check);
    collection.add_state_callback(check);
    check();
  });
}
