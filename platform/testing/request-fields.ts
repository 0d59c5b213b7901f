import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Method, methods } from "../contract/methods.ts";

/** A field of a request, or of a message inside it. */
export interface RequestField {
  readonly method: Method;
  /** Fields that lead from the request to this field, which is the last one. */
  readonly way: readonly DescField[];
  readonly field: DescField;
  /** Names of the RPC and the field, for the title of a test: `CreateDoctor fee.amount_minor`. */
  readonly name: string;
}

/**
 * All fields of all requests in the contract, except those inside messages of google.protobuf and inside raw
 * bodies.
 */
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
 * JSON of a request in which the field at the end of the path has this value. Lists on the path get one item.
 *
 * @param around the rest of the request; default: empty
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

/** Path of a field as violations state it, in names of the proto or of JSON. */
export const pathOf = (way: readonly DescField[], spelling: "name" | "jsonName" = "name"): string =>
  way.map((field) => field[spelling] + (field.fieldKind === "list" ? "[0]" : "")).join(".");
