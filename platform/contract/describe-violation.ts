import { type DescEnum, type DescField, getOption } from "@bufbuild/protobuf";
import type { Violation } from "@bufbuild/protovalidate";
import type { EnumRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { must as mustOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { enumRulesOf, stringRulesOf } from "./field-rules.ts";

/**
 * Describes a violation to the user. The message of Protovalidate shows patterns and enum numbers. This
 * description uses the text that the proto gives for the field (medconnect.options.v1.must), and the names of
 * enum values.
 */
export function describeViolation(violation: Violation): FieldViolation {
  const path = violation.toString().split(":", 1)[0] ?? "";
  const field = violation.field.findLast((part): part is DescField => part.kind === "field");
  if (!field) return { field: "", description: violation.message };
  return { field: path, description: wordsOf(field, violation) };
}

function wordsOf(field: DescField, { ruleId, message }: Violation): string {
  if (ruleId === "string.pattern") return getOption(field, mustOption) || message;
  const allowed =
    ruleId === "string.in" ? stringRulesOf(field)?.in.filter((value) => value !== "") : undefined;
  if (allowed) return mustBeOneOf(allowed);
  if (field.enum && ruleId.startsWith("enum.")) return mustBeValueOf(field.enum, enumRulesOf(field));
  return message;
}

/**
 * Lists the names of the enum values that the rules of a field allow. 0 means "unset", so it is never
 * allowed.
 */
export function mustBeValueOf({ values }: DescEnum, rules?: EnumRules): string {
  const isAllowed = (number: number) =>
    number !== 0 &&
    !rules?.notIn.includes(number) &&
    (!rules || rules.in.length === 0 || rules.in.includes(number));
  return mustBeOneOf(values.filter(({ number }) => isAllowed(number)).map(({ name }) => name));
}

const mustBeOneOf = (names: string[]): string => `must be one of ${names.join(", ")}`;
