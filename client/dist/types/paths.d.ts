/**
 * The one spelling of a collection's path in this client: `/app/service/collection`. Throws a TypeError for a path that cannot be one;
 * the server judges
 * the characters of its segments.
 */
export declare function collectionPath(path: string): string;
/** Whether a path names a collection. */
export declare const isCollection: (path: unknown) => boolean;
/** The WebSocket URL of a ws, wss, http or https URL, or of one that is relative to the page. */
export declare function webSocketUrl(url: string): string;
