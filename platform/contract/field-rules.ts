import { type DescField, getOption } from "@bufbuild/protobuf";
import {
  type EnumRules,
  type FieldRules,
  field as rulesOption,
  type StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** Rules of a string field; for a list or map, the rules of its values. */
export function stringRulesOf(field: DescField): StringRules | undefined {
  const rules = valueRulesOf(field);
  return rules?.case === "string" ? rules.value : undefined;
}

/** Rules of an enum field; for a list or map, the rules of its values. */
export function enumRulesOf(field: DescField): EnumRules | undefined {
  const rules = valueRulesOf(field);
  return rules?.case === "enum" ? rules.value : undefined;
}

/** Rules of a field; for a list or map, the rules of its values. */
export function valueRulesOf(field: DescField): FieldRules["type"] | undefined {
  const { type } = getOption(field, rulesOption);
  switch (type.case) {
    case "repeated":
      return type.value.items?.type;
    case "map":
      return type.value.values?.type;
    default:
      return type;
  }
}
