/** Throws a TypeError, with the place, for a value that cannot be written as JSON. Warns once of values that JSON turns into others. */
export declare function checkJson(value: unknown, place: string, above?: unknown[]): void;
/** Throws a TypeError for anything but an object with known options, given as `one, two`. A misspelt one would have no effect. */
export declare function checkOptions(options: unknown, known: string): void;
/**
 * The known ones of the options, given as `one, two`, of a call that pages for the existing client make, too. They run unchanged, whatever
 * their options: the console warns of an unknown one.
 */
export declare function knownOptions<O extends object>(options: O, known: string): O;
/** Says why something is no update; undefined if it may be one. The server judges the rest. */
export declare function whyNoUpdate(changes: unknown): string | undefined;
export declare const isObject: (value: unknown) => value is object;
/** Throws a TypeError unless an argument is right. */
export declare function must(right: boolean, what: string, value: unknown): asserts right;
