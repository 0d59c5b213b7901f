import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Method, methods } from "../contract/methods.ts";

/** A field of a request, or of a message in it. */
export interface RequestField {
  readonly method: Method;
  /** Path of fields from the request down to this field, inclusive. */
  readonly way: readonly DescField[];
  readonly field: DescField;
  /** Names of RPC and field, for a test's title: `CreateDoctor fee.amount_minor`. */
  readonly name: string;
}

/** All fields of all requests in the contract, except inside of google.protobuf's messages and raw bodies. */
export const requestFields: readonly RequestField[] = [...methods.values()].flatMap((method) =>
  fieldsIn(method.input, []).map((way) => ({
    method,
    way,
    field: way.at(-1)!,
    name: `${method.name} ${way.map(({ name }) => name).join(".")}`,
  })),
);

function fieldsIn(message: DescMessage, before: DescField[]): DescField[][] {
  return message.fields.flatMap((field) => {
    const way = [...before, field];
    const inner = field.message;
    const isOpaque = !inner || inner.typeName.startsWith("google.") || before.includes(field);
    return isOpaque ? [way] : [way, ...fieldsIn(inner, way)];
  });
}

/**
 * A request in JSON with this value at the end of the path. Lists on the path have one item.
 *
 * @param around the rest of the request; none by default
 */
export function jsonWith(
  [field, ...rest]: readonly DescField[],
  value: JsonValue,
  around: JsonObject = {},
): JsonObject {
  const { jsonName, fieldKind, oneof } = field!;
  const [before] = [around[jsonName]].flat();
  const inner = rest.length > 0 ? jsonWith(rest, value, (before ?? {}) as JsonObject) : value;
  const others = oneof?.fields.map((other) => other.jsonName) ?? [];
  const kept = Object.entries(around).filter(([name]) => !others.includes(name));
  return { ...Object.fromEntries(kept), [jsonName]: fieldKind === "list" ? [inner] : inner };
}

/** Path of a field in a violation: in proto names, or in JSON names with `jsonName`. */
export const pathOf = (way: readonly DescField[], spelling: "name" | "jsonName" = "name"): string =>
  way.map((field) => field[spelling] + (field.fieldKind === "list" ? "[0]" : "")).join(".");
