import type { Route } from "../rpc/routes.ts";
import { operationIdOf } from "./operation.ts";
import { tagOf } from "./tags.ts";

/**
 * Path of a route as the document writes it: `/v1/bookings/{bookingId}/cancel`. Many generators read `:cancel`
 * as a path parameter.
 */
export const documentedPath = ({ path }: Route): string => path.replace(/:(?=\w+$)/, "/");

/** Place of a task's operations at `/docs/`. Scalar makes the fragment from the name of its tag. */
export const placeOfTask = (tag: string): string => `/docs/#tag/${tag.toLowerCase().replaceAll(" ", "-")}`;

/** Place of an operation at `/docs/`, below its task. */
export const placeOf = (route: Route): string =>
  `${placeOfTask(tagOf(route.method))}/${route.httpMethod}${documentedPath(route)}`;

/** Places of all operations, by their ids. */
export const placesOf = (routes: readonly Route[]): Map<string, string> =>
  new Map(routes.map((route) => [operationIdOf(route.method), placeOf(route)]));
