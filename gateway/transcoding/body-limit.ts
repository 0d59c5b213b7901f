import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { FieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import { rulesOf } from "./validation-rules.ts";

/** Body limit of most routes, in bytes. */
export const USUAL_BYTES = 100 * 1024;
/**
 * Body limit in bytes of routes with larger fields, such as clinical notes. Services have the same limit over
 * gRPC.
 */
export const LARGE_BYTES = 1024 * 1024;

/**
 * Size in bytes of the longest JSON form of a code point: two escapes, such as `\ud83d\ude00`, beyond U+FFFF.
 */
const BYTES_OF_CHARACTER = 12;
/**
 * Maximum size in bytes of a number, time, id or enum name in JSON, with its quotes. Texts that may be longer
 * have a length rule.
 */
const BYTES_OF_VALUE = 64;

/**
 * Body limit of a route in bytes: 1 MiB if its fields may need more than 100 KiB of JSON, or else 100 KiB.
 */
export function bodyLimitOf(input: DescMessage, body: DescField | "*" | ""): number {
  const message = body === "*" ? input : typeof body === "object" ? body.message : undefined;
  return message && largestOf(message) > USUAL_BYTES ? LARGE_BYTES : USUAL_BYTES;
}

/**
 * Size of the largest JSON that the field rules allow, without white space and without output-only fields.
 */
function largestOf({ fields }: DescMessage): number {
  const settable = fields.filter((field) => !behavesAs(field, FieldBehavior.OUTPUT_ONLY));
  return settable.reduce(
    (sum, field) => sum + field.jsonName.length + '"":,'.length + largestOfField(field),
    2,
  );
}

function largestOfField(field: DescField): number {
  const rules = rulesOf(field)?.type;
  if (rules?.case !== "repeated") return largestOfOne(field, rules);
  const { maxItems, items } = rules.value;
  return Math.max(1, Number(maxItems)) * largestOfOne(field, items?.type);
}

function largestOfOne({ message }: DescField, rules: FieldRules["type"] | undefined): number {
  if (message && !message.typeName.startsWith("google.")) return largestOf(message);
  const characters = rules?.case === "string" ? Number(rules.value.maxLen) : 0;
  return BYTES_OF_CHARACTER * characters + BYTES_OF_VALUE;
}
