import { type DescField, getOption } from "@bufbuild/protobuf";
import {
  type EnumRules,
  type FieldRules,
  field as rulesOption,
  type StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** String rules of a field, or of the values in its list or map. */
export function stringRulesOf(field: DescField): StringRules | undefined {
  const rules = valueRulesOf(field);
  return rules?.case === "string" ? rules.value : undefined;
}

/** Enum rules of a field, or of the values in its list or map. */
export function enumRulesOf(field: DescField): EnumRules | undefined {
  const rules = valueRulesOf(field);
  return rules?.case === "enum" ? rules.value : undefined;
}

function valueRulesOf(field: DescField): FieldRules["type"] | undefined {
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
