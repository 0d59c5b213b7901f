import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import { type Api, type Operation, referred } from "./operations.ts";

/**
 * Fields of the items of a list, in the order of a table: names, status and times first. The time of the record
 * itself and the ids of others follow the rest, and the item's own id is last.
 */
export function columnsOf({ answer }: Operation, items: string, api: Api): string[] {
  if (answer.kind !== "json") throw new Error(`${items} are not JSON`);
  const page = propertiesOf(answer.schema, api);
  const item = propertiesOf(page[items]?.items as Schema, api);
  return Object.entries(item)
    .toSorted(([a, schemaA], [b, schemaB]) => rankOf(a, schemaA) - rankOf(b, schemaB))
    .map(([name]) => name);
}

const propertiesOf = ({ $ref }: Schema, { schemas }: Api): Record<string, Schema> =>
  (referred(schemas, $ref).properties ?? {}) as Record<string, Schema>;

function rankOf(name: string, { format }: Schema): number {
  if (/(^n|N)ame$/.test(name)) return 0;
  if (name === "status") return 1;
  if (name === "createTime") return 4;
  if (format === "date-time") return 2;
  if (name === "id") return 6;
  return /Ids?$/.test(name) ? 5 : 3;
}
