import type { Route } from "../rpc/routes.ts";
import type { Schema } from "./json-schema.ts";

/**
 * Name by which paths call the id of the items of a list, as `x-item-id`: "bookingId" for `GET /v1/bookings`. The
 * page of operations puts the ids of existing items into examples.
 */
export function itemIdOf(list: Route, routes: readonly Route[]): Schema {
  const { output } = list.method;
  const items = output.fields.find(({ fieldKind, message }) => fieldKind === "list" && message);
  if (!items?.message || !output.field.nextPageToken) return {};
  const below = routes.find(({ path }) => path.startsWith(`${list.path}/{`));
  const name = below ? /\{(\w+)\}/.exec(below.path.slice(list.path.length))?.[1] : undefined;
  const byType = `${items.message.name.charAt(0).toLowerCase()}${items.message.name.slice(1)}Id`;
  const isUsed = routes.some(({ path }) => path.includes(`{${byType}}`));
  return name || isUsed ? { "x-item-id": name ?? byType } : {};
}
