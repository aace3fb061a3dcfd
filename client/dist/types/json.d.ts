/** Throws a TypeError, with the place, for a value that cannot be written as JSON. Warns once of values that JSON turns into others. */
export declare function checkJson(value: unknown, place: string, above?: unknown[]): void;
/** Throws a TypeError for anything but an object with known options, given as `one, two`. A misspelt one would have no effect. */
export declare function checkOptions(options: unknown, known: string): void;
/**
 * The options of a call that older pages make, without those that are unknown. The console warns of the first one. Such a page must run
 * unchanged, so nothing is thrown.
 */
export declare function knownOptions<O extends object>(options: O, known: string): O;
/** Says why something is no update; undefined if it may be one. The server judges the rest. */
export declare function whyNoUpdate(changes: unknown): string | undefined;
export declare const isObject: (value: unknown) => value is object;
/** Throws a TypeError unless an argument is right. */
export declare function must(right: boolean, what: string, value: unknown): asserts right;
