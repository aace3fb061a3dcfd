import { must } from "./json.js";

/**
 * The one spelling of a collection's path in this client: `/app/service/collection`. Throws a TypeError for a path that cannot be one;
 * the server judges
 * the characters of its segments.
 */
export function collectionPath(path: string): string {
  const segments = segmentsOf(path);
  must(segments.length === 3 && !segments.some(segment => /^\.\.?$/.test(segment)), "a path such as /app/service/collection", path);
  return "/" + segments.join("/");
}

const segmentsOf = (path: unknown): string[] => (typeof path === "string" ? path.split("/").filter(Boolean) : []);

/** Whether a path names a collection. */
export const isCollection = (path: unknown): boolean => segmentsOf(path).length === 3;

/** The WebSocket URL of a ws, wss, http or https URL, or of one that is relative to the page. */
export function webSocketUrl(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const absolute = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace("http", "ws");
  absolute.hash = "";
  return absolute.href;
}
