/** Compares by code points, as the server does; `<` compares by UTF-16 code units. */
export function byCodePoints(a: string, b: string): number {
  for (let n = 0; ; n++) {
    const x = a.codePointAt(n) ?? -1;
    const y = b.codePointAt(n) ?? -1;
    if (x !== y || x < 0) return x - y;
  }
}

/** The order of items, by the code points of their ids: the same for all clients, whatever way the items came. */
export const byId = ({ id: a }: { id: string }, { id: b }: { id: string }): number => byCodePoints(a, b);

let lastMs = 0;

/**
 * An id that no other client makes: the time in milliseconds, then ten characters by chance, each one of 36. Ids in the order of their
 * items' creation
 * make the items' order that of creation. Not randomUUID: pages on plain http do not have it.
 */
export function newId(): string {
  lastMs = Math.max(Date.now(), lastMs + 1);
  const chance = Array.from(crypto.getRandomValues(new Uint8Array(10)), byte => (byte % 36).toString(36));
  return lastMs.toString(36).padStart(9, "0") + chance.join("");
}

/** The inserted items of an update, each with an id; the caller's objects stay as they are. */
export function withIds(items: readonly object[]): { id: string }[] {
  return items.map(item => (Reflect.get(item, "id") === undefined ? { ...item, id: newId() } : item) as { id: string });
}
