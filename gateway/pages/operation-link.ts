import { documentedPath } from "../openapi/document.ts";
import { tagOf } from "../openapi/tags.ts";
import type { Route } from "../rpc/routes.ts";

/** Place of an operation at `/docs/`. Scalar makes the fragment from its tag, method and path. */
export function linkTo(route: Route): string {
  const tag = tagOf(route.method).toLowerCase().replaceAll(" ", "-");
  return `/docs/#tag/${tag}/${route.httpMethod}${documentedPath(route)}`;
}
