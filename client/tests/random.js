/** A generator of random whole numbers below a limit, the same for each run with the same seed. */
export function random(seed) {
  let state = seed;
  return limit => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ state >>> 13) >>> 0) % limit;
  };
}
