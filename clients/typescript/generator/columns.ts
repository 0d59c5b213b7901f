import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import { type Api, type Operation, referred } from "./operations.ts";

/**
 * Fields of the items of a list, in the order of a table. Narrow terminals show the first ones only: the item's own
 * name, its status and main time, then the names of others. Its own id is last.
 */
export function columnsOf({ answer }: Operation, items: string, api: Api): string[] {
  if (answer.kind !== "json") throw new Error(`${items} are not JSON`);
  const page = propertiesOf(answer.schema, api);
  const item = propertiesOf(page[items]?.items as Schema, api);
  const times = Object.keys(item).filter(
    (name) => item[name]?.format === "date-time" && name !== "createTime",
  );
  return Object.keys(item).toSorted((a, b) => rankOf(a, times) - rankOf(b, times));
}

const propertiesOf = ({ $ref }: Schema, { schemas }: Api): Record<string, Schema> =>
  (referred(schemas, $ref).properties ?? {}) as Record<string, Schema>;

/** @param times those of the item, the main one first */
function rankOf(name: string, [mainTime, ...otherTimes]: string[]): number {
  if (/^(name|displayName|fullName|email)$/.test(name)) return 0;
  if (name === "status") return 1;
  if (name === mainTime) return 2;
  if (name.endsWith("Name")) return 3;
  if (otherTimes.includes(name)) return 4;
  if (name === "createTime") return 6;
  if (name === "id") return 8;
  return /Ids?$/.test(name) ? 7 : 5;
}
