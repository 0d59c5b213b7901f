import type { Route } from "../rpc/routes.ts";
import { operationIdOf } from "./operation.ts";
import { tagOf } from "./tags.ts";

/**
 * Path of a route as the document writes it: `/v1/bookings/{bookingId}/cancel`. Many generators read `:cancel`
 * as a path parameter.
 */
export const documentedPath = ({ path }: Route): string => path.replace(/:(?=\w+$)/, "/");

/** Place of an operation at `/docs/`. Scalar makes the fragment from its tag, method and path. */
export function placeOf(route: Route): string {
  const tag = tagOf(route.method).toLowerCase().replaceAll(" ", "-");
  return `/docs/#tag/${tag}/${route.httpMethod}${documentedPath(route)}`;
}

/** Places of all operations, by their ids. */
export const placesOf = (routes: readonly Route[]): Map<string, string> =>
  new Map(routes.map((route) => [operationIdOf(route.method), placeOf(route)]));
