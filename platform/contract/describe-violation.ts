import { type DescEnum, type DescField, getOption } from "@bufbuild/protobuf";
import type { Violation } from "@bufbuild/protovalidate";
import type { EnumRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { must as mustOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { enumRulesOf, stringRulesOf } from "./field-rules.ts";

/**
 * Describes a violation for people. Protovalidate's own message shows a field's pattern and an enum's
 * numbers; this one has the field's own words (medconnect.options.v1.must) and the names of the values.
 */
export function describeViolation(violation: Violation): FieldViolation {
  const path = violation.toString().split(":", 1)[0] ?? "";
  const field = violation.field.findLast((part): part is DescField => part.kind === "field");
  if (!field) return { field: "", description: violation.message };
  return { field: path, description: wordsOf(field, violation) };
}

function wordsOf(field: DescField, { ruleId, message }: Violation): string {
  if (ruleId === "string.pattern") return getOption(field, mustOption) || message;
  // The violated rule exists.
  if (ruleId === "string.in") return mustBeOneOf(stringRulesOf(field)!.in.filter((value) => value !== ""));
  if (field.enum && ruleId.startsWith("enum.")) return mustBeValueOf(field.enum, enumRulesOf(field));
  return message;
}

/** Names the values of an enum that its rules allow. 0 stands for no value. */
export function mustBeValueOf({ values }: DescEnum, rules?: EnumRules): string {
  const isAllowed = (number: number) =>
    number !== 0 &&
    !rules?.notIn.includes(number) &&
    (!rules || rules.in.length === 0 || rules.in.includes(number));
  return mustBeOneOf(values.filter(({ number }) => isAllowed(number)).map(({ name }) => name));
}

const mustBeOneOf = (names: string[]): string => `must be one of ${names.join(", ")}`;
