/** Waits until a condition holds, and looks whenever the collection changes. */
export function until(collection, condition) {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`not within 10 s: ${condition}`)), 10_000);
    const check = () => {
      if (!condition()) return;
      clearTimeout(limit);
      resolve();
    };
    collection.subscribe(check); // Also told when the total alone changes.
    collection.add_callback(check);
  });
}
