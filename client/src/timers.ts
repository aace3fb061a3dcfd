/** The longest wait of a timer, 24 days; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Runs something later; never if the time is longer than a timer can wait. */
export function later(ms: number, run: () => void): ReturnType<typeof setTimeout> | undefined {
  return ms > LONGEST_MS ? undefined : setTimeout(run, ms);
}
