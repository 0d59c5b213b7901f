import type { Schema } from "@medconnect/gateway/openapi/json-schema.ts";
import { nameIn } from "./operations.ts";

/**
 * Use of a type. In a request, optional fields may be `undefined`, times may be a `Date`, and read-only fields
 * are left out.
 */
export type Direction = "request" | "answer";

const WIDTH = 100;

/** The TypeScript type of a JSON Schema. */
export function typeOf(schema: Schema, direction: Direction): string {
  const { $ref, enum: values, oneOf, anyOf, allOf, const: value } = schema;
  if ($ref) return nameIn($ref);
  if (value !== undefined) return JSON.stringify(value);
  if (Array.isArray(values)) return values.map((each) => JSON.stringify(each)).join(" | ");
  if (oneOf || anyOf) return typesOf(oneOf ?? anyOf, direction).join(" | ");
  if (allOf) return typesOf(allOf, direction).map(inParentheses).join(" & ");
  switch (schema.type) {
    case "array":
      return `${inParentheses(typeOf(schema.items as Schema, direction))}[]`;
    case "object":
      return objectType(schema, direction);
    case "boolean":
      return "boolean";
    case "integer":
    case "number":
      return "number";
    case "string":
      if (schema.format === "binary") return "string | Uint8Array<ArrayBuffer>";
      return direction === "request" && schema.format === "date-time" ? "string | Date" : "string";
    default:
      return "unknown";
  }
}

const typesOf = (schemas: unknown, direction: Direction): string[] =>
  (schemas as Schema[]).map((each) => typeOf(each, direction));

const inParentheses = (type: string): string => (type.includes(" ") ? `(${type})` : type);

function objectType(
  { properties, required = [], additionalProperties }: Schema,
  direction: Direction,
): string {
  if (!properties && typeof additionalProperties === "object") {
    return `Record<string, ${typeOf(additionalProperties as Schema, direction)}>`;
  }
  const names = required as string[];
  const fields = Object.entries((properties ?? {}) as Record<string, Schema>)
    .filter(([, schema]) => direction === "answer" || schema.readOnly !== true)
    .map(([name, schema]) => field({ name, schema, required: names.includes(name) }, direction));
  return fields.length === 0 ? "Record<string, never>" : `{\n${fields.join("")}}`;
}

export interface TypedField {
  name: string;
  schema: Schema;
  required: boolean;
  description?: string;
}

/** A field of an interface, with its docstring. */
export function field(
  { name, schema, required, description = String(schema.description ?? "") }: TypedField,
  direction: Direction,
): string {
  const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
  const type = typeOf(schema, direction);
  const declared = required
    ? `${key}: ${type}`
    : `${key}?: ${type}${direction === "request" ? " | undefined" : ""}`;
  return `${docstring(description, schema.deprecated ? "@deprecated" : "")}${declared};\n`;
}

/** A docstring with lines of at most `WIDTH` characters; "" without text. */
export function docstring(...paragraphs: string[]): string {
  const lines = paragraphs
    .filter((text) => text !== "")
    .map((text) => text.split("\n").flatMap(wrap))
    .flatMap((wrapped, i) => (i === 0 ? wrapped : ["", ...wrapped]))
    .map((line) => line.replaceAll("*/", "*\\/"));
  if (lines.length === 0) return "";
  if (lines.length === 1) return `/** ${lines[0]} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`;
}

function wrap(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
