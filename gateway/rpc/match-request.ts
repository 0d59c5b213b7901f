import type { IncomingMessage } from "node:http";
import type { Match, Router } from "../routing/router.ts";
import type { Route } from "./routes.ts";

export interface MatchedRequest {
  /** Routes of the path; undefined for an unknown path. */
  readonly match: Match<Route> | undefined;
  /** Route of the path and the HTTP method; undefined if there is none. */
  readonly route: Route | undefined;
  /** The raw query, without the question mark. */
  readonly query: string;
}

/**
 * Finds the route of a request. HEAD uses the route of GET. Throws INVALID_REQUEST for invalid
 * percent-encoding.
 */
export function matchRequest(
  { method = "", url = "" }: IncomingMessage,
  router: Router<Route>,
): MatchedRequest {
  const { path, query } = splitTarget(url);
  const match = router.match(path);
  return { match, route: match?.targets.get(method === "HEAD" ? "GET" : method), query };
}

/** Path and query of a request target, which may also be an absolute URL (RFC 9112 §3.2.2). */
export function splitTarget(target: string): { path: string; query: string } {
  const origin = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = origin.indexOf("?");
  return mark < 0
    ? { path: origin, query: "" }
    : { path: origin.slice(0, mark), query: origin.slice(mark + 1) };
}
