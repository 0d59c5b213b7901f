import { placesOf } from "../openapi/operation-place.ts";
import type { Route } from "../rpc/routes.ts";

/** URL of the API in the guides, which a local system has. */
const LOCAL_URL = "http://localhost:8080";

/** A guide for this deployment: its calls go to the deployment's URL, and operations are links to `/docs/`. */
export function guideFor(markdown: string, routes: readonly Route[], apiUrl: string): string {
  const places = placesOf(routes);
  return markdown.replaceAll(LOCAL_URL, apiUrl).replaceAll(/`(\w+)`/g, (code, name: string) => {
    const place = places.get(name);
    return place === undefined ? code : `[${code}](${place})`;
  });
}
