import { create, type DescField, type MessageInitShape, setExtension } from "@bufbuild/protobuf";
import { FieldDescriptorProtoSchema, FieldOptionsSchema } from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as rulesOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "@jest/globals";
import { enumRulesOf, stringRulesOf } from "./field-rules.ts";

type Rules = MessageInitShape<typeof FieldRulesSchema>;

/** Makes a field with these rules. */
function fieldWith(rules: Rules): DescField {
  const options = create(FieldOptionsSchema);
  setExtension(options, rulesOption, create(FieldRulesSchema, rules));
  const proto = create(FieldDescriptorProtoSchema, { options });
  return { kind: "field", proto } as DescField;
}

const string: Rules = { type: { case: "string", value: { maxLen: 5n } } };
const oneOf: Rules = { type: { case: "enum", value: { in: [1, 2] } } };

test.each<[string, Rules]>([
  ["of a field", string],
  ["of a list's items", { type: { case: "repeated", value: { items: string } } }],
  ["of a map's values", { type: { case: "map", value: { values: string } } }],
])("rules %s that are strings", (_, rules) => {
  expect(stringRulesOf(fieldWith(rules))).toMatchObject({ maxLen: 5n });
  expect(enumRulesOf(fieldWith(rules))).toBeUndefined();
});

test.each<[string, Rules]>([
  ["of a field", oneOf],
  ["of a list's items", { type: { case: "repeated", value: { items: oneOf } } }],
  ["of a map's values", { type: { case: "map", value: { values: oneOf } } }],
])("rules %s that are enums", (_, rules) => {
  expect(enumRulesOf(fieldWith(rules))).toMatchObject({ in: [1, 2] });
  expect(stringRulesOf(fieldWith(rules))).toBeUndefined();
});

test.each<[string, Rules]>([
  ["a field", {}],
  ["a list", { type: { case: "repeated", value: { minItems: 1n } } }],
  ["a map", { type: { case: "map", value: { minPairs: 1n } } }],
])("%s without rules for its values", (_, rules) => {
  expect(stringRulesOf(fieldWith(rules))).toBeUndefined();
  expect(enumRulesOf(fieldWith(rules))).toBeUndefined();
});
