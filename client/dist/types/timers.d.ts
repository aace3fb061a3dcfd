/** Runs something later; never if the time is longer than a timer can wait. */
export declare function later(ms: number, run: () => void): ReturnType<typeof setTimeout> | undefined;
