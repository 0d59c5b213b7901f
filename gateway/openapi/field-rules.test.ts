import {
  create,
  type DescField,
  type DescMessage,
  type MessageInitShape,
  ScalarType,
  setExtension,
} from "@bufbuild/protobuf";
import { FieldDescriptorProtoSchema, FieldOptionsSchema, MessageOptionsSchema } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
  MessageRulesSchema,
  message as messageOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "@jest/globals";
import { rulesOf } from "../transcoding/validation-rules.ts";
import { boundsOf, constraintsOf, isRequired, messageRulesOf, notesOf, scalarSchema } from "./field-rules.ts";

type Rules = MessageInitShape<typeof FieldRulesSchema>;
const rules = (init: Rules): FieldRules => create(FieldRulesSchema, init);
const string = (value: object): Rules => ({ type: { case: "string", value } });
const int64 = (greaterThan: object, max?: bigint): Rules =>
  number("int64", { greaterThan, ...(max !== undefined && { lessThan: { case: "lte", value: max } }) });
const duration = (greaterThan: object, lessThan: object): Rules =>
  ({ type: { case: "duration", value: { greaterThan, lessThan } } }) as Rules;
const number = (type: "int32" | "int64" | "uint32" | "double" | "float", value: object) =>
  ({ type: { case: type, value } }) as Rules;

/** A field descriptor with these validation rules. */
function fieldWith(
  init: Rules | undefined,
  more: Partial<DescField> = {},
  proto3Optional = false,
): DescField {
  const options = create(FieldOptionsSchema);
  if (init) setExtension(options, fieldOption, rules(init));
  const proto = create(FieldDescriptorProtoSchema, { options, proto3Optional });
  return { kind: "field", proto, ...more } as DescField;
}

test.each<[string, Rules, object]>([
  ["no rules", {}, {}],
  ["an empty string rule", string({}), {}],
  ["lengths", string({ minLen: 1n, maxLen: 9n }), { minLength: 1, maxLength: 9 }],
  ["a pattern", string({ pattern: "^a$" }), { pattern: "^a$", maxLength: 1 }],
  ["a pattern with classes of Unicode", string({ pattern: "^\\p{L}*$" }), {}],
  ["values, where an empty one means absent", string({ in: ["", "a", "b"] }), { enum: ["a", "b"] }],
  ["only the empty value", string({ in: [""] }), {}],
  ["a UUID", string({ wellKnown: { case: "uuid", value: true } }), { format: "uuid" }],
  ["an e-mail", string({ wellKnown: { case: "email", value: true } }), { format: "email" }],
  ["a format that JSON Schema has no word for", string({ wellKnown: { case: "ip", value: true } }), {}],
  ["a list without bounds", { type: { case: "repeated", value: {} } }, {}],
  [
    "a list with bounds",
    { type: { case: "repeated", value: { minItems: 1n, maxItems: 3n, unique: true } } },
    { minItems: 1, maxItems: 3, uniqueItems: true },
  ],
  ["a text with a limit in bytes", string({ maxBytes: 40n }), { maxLength: 40 }],
  ["a 64-bit integer without a maximum", int64({ case: "gte", value: 0n }), {}],
  ["a 64-bit integer up to a number with no short pattern", int64({ case: "gte", value: 0n }, 250n), {}],
  ["a 64-bit integer from a number with no short pattern", int64({ case: "gte", value: 7n }, 1000n), {}],
  [
    "a 64-bit integer from 0",
    int64({ case: "gte", value: 0n }, 1000n),
    { pattern: "^(?:0|[1-9][0-9]{0,2}|1000)$" },
  ],
  [
    "a 64-bit integer from 1",
    int64({ case: "gt", value: 0n }, 1000n),
    { pattern: "^(?:[1-9][0-9]{0,2}|1000)$" },
  ],
  [
    "a duration",
    duration({ case: "gte", value: { seconds: 0n } }, { case: "lte", value: { seconds: 3600n } }),
    { pattern: "^(?:0|[1-9][0-9]{0,3})(?:\\.[0-9]{1,3})?s$" },
  ],
  [
    "a duration without a maximum",
    duration({ case: "gte", value: { seconds: 0n } }, { case: undefined }),
    {},
  ],
  [
    "a duration that may be negative",
    duration({ case: "gte", value: { seconds: -1n } }, { case: "lte", value: { seconds: 1n } }),
    {},
  ],
])("constraints of %s", (_, init, schema) => {
  expect(constraintsOf(rules(init))).toEqual(schema);
});

test.each<[string, Rules, object]>([
  ["lengths", string({ minLen: 1n, maxLen: 9n }), { maxLength: 9 }],
  ["values, of which the longest has 3 characters", string({ in: ["EC", "RSA"] }), { maxLength: 3 }],
  ["values and a length", string({ in: ["EC", "RSA"], maxLen: 2n }), { maxLength: 2 }],
  ["a pattern without an upper bound", string({ pattern: "^a+$" }), {}],
  ["a pattern", string({ pattern: "^a[b-]{2,5}[c]{2}$" }), { maxLength: 8 }],
  ["a UUID", string({ wellKnown: { case: "uuid", value: true } }), { format: "uuid" }],
  ["items", { type: { case: "repeated", value: { minItems: 1n, maxItems: 3n } } }, { maxItems: 3 }],
])("bounds of an answer with %s", (_, init, schema) => {
  expect(boundsOf(rules(init))).toEqual(schema);
});

test("a field without rules has no constraints and no notes", () => {
  expect(rulesOf(fieldWith(undefined))).toBeUndefined();
  expect(constraintsOf(undefined)).toEqual({});
  expect(notesOf(undefined)).toBe("");
});

test.each(["int32", "uint32", "double", "float"] as const)("bounds of %s", (type) => {
  const bounds = (greaterThan: object, lessThan: object) =>
    constraintsOf(rules(number(type, { greaterThan, lessThan })));
  expect(bounds({ case: "gte", value: 1 }, { case: "lte", value: 9 })).toEqual({ minimum: 1, maximum: 9 });
  expect(bounds({ case: "gt", value: 1 }, { case: "lt", value: 9 })).toEqual({
    exclusiveMinimum: 1,
    exclusiveMaximum: 9,
  });
  expect(constraintsOf(rules(number(type, {})))).toEqual({});
});

test.each<[object, string]>([
  [{}, ""],
  [{ greaterThan: { case: "gt", value: 0n } }, " More than 0."],
  [{ greaterThan: { case: "gte", value: 1n } }, " At least 1."],
  [{ lessThan: { case: "lt", value: 9n } }, " less than 9."],
  [
    { greaterThan: { case: "gte", value: 1n }, lessThan: { case: "lte", value: 9n } },
    " At least 1, at most 9.",
  ],
])("notes of a 64-bit integer with %j", (value, notes) => {
  expect(notesOf(rules(number("int64", value)))).toBe(notes);
});

test("other types need no notes", () => {
  expect(notesOf(rules(number("int32", { greaterThan: { case: "gt", value: 0 } })))).toBe("");
});

test("the rules of a message are in their own words", () => {
  const options = create(MessageOptionsSchema);
  const desc = { kind: "message", proto: { options } } as unknown as DescMessage;
  expect(messageRulesOf({ ...desc, proto: { options: undefined } } as unknown as DescMessage)).toEqual([]);
  const cel = [{ message: "`end_time` is after the start" }, { message: "starts in the future" }];
  setExtension(options, messageOption, create(MessageRulesSchema, { cel }));
  expect(messageRulesOf(desc)).toEqual(["`endTime` is after the start.", "starts in the future."]);
});

const some = { minLen: 1n };
const oneof = { oneof: {} } as Partial<DescField>;
test.each<[string, DescField, boolean]>([
  ["without rules", fieldWith(undefined), false],
  ["that says so", fieldWith({ required: true }), true],
  ["that says so, in a choice", fieldWith({ required: true }, oneof), true],
  ["whose rules are ignored where it is absent", fieldWith({ required: true, ignore: Ignore.ALWAYS }), false],
  ["with a length", fieldWith(string(some)), true],
  ["with a length, in a choice", fieldWith(string(some), oneof), false],
  ["with a length, marked optional", fieldWith(string(some), {}, true), false],
  ["that is a UUID", fieldWith(string({ wellKnown: { case: "uuid", value: true } })), true],
  ["that is an e-mail", fieldWith(string({ wellKnown: { case: "email", value: true } })), true],
  ["that is an IP", fieldWith(string({ wellKnown: { case: "ip", value: true } })), false],
  ["whose pattern needs a letter", fieldWith(string({ pattern: "^a+$" })), true],
  ["whose pattern takes nothing, too", fieldWith(string({ pattern: "^\\p{L}*$" })), false],
  ["whose values are named", fieldWith(string({ in: ["a"] })), true],
  ["whose values include the empty one", fieldWith(string({ in: ["", "a"] })), false],
  ["of any text", fieldWith(string({})), false],
  ["of an enum without its zero", fieldWith({ type: { case: "enum", value: { in: [1, 2] } } }), true],
  ["of an enum that refuses its zero", fieldWith({ type: { case: "enum", value: { notIn: [0] } } }), true],
  [
    "of an enum that refuses another value",
    fieldWith({ type: { case: "enum", value: { notIn: [1] } } }),
    false,
  ],
  ["of an enum with its zero", fieldWith({ type: { case: "enum", value: { in: [0, 1] } } }), false],
  ["of any enum", fieldWith({ type: { case: "enum", value: {} } }), false],
  ["above zero", fieldWith(number("int32", { greaterThan: { case: "gt", value: 0 } })), true],
  ["above zero, 64 bits", fieldWith(number("int64", { greaterThan: { case: "gt", value: 0n } })), true],
  ["above a negative one", fieldWith(number("int32", { greaterThan: { case: "gt", value: -1 } })), false],
  ["from zero", fieldWith(number("int32", { greaterThan: { case: "gte", value: 0 } })), false],
  ["of any integer", fieldWith(number("int64", {})), false],
  ["of some items", fieldWith({ type: { case: "repeated", value: { minItems: 1n } } }), true],
  ["of any items", fieldWith({ type: { case: "repeated", value: {} } }), false],
  ["of a type without a rule for it", fieldWith(number("float", {})), false],
])("a field %s is required: %#", (_, field, expected) => {
  expect(isRequired(field)).toBe(expected);
});

const INTEGER = { type: "integer", minimum: 0, maximum: 2_147_483_647 };
const LONG = { type: "string", format: "int64", maxLength: 20, pattern: "^-?[0-9]+$" };
test.each([
  [ScalarType.STRING, { type: "string" }],
  [ScalarType.BOOL, { type: "boolean" }],
  [ScalarType.BYTES, { type: "string", contentEncoding: "base64" }],
  [ScalarType.DOUBLE, { type: "number" }],
  [ScalarType.FLOAT, { type: "number" }],
  [ScalarType.INT64, LONG],
  [ScalarType.SINT64, LONG],
  [ScalarType.SFIXED64, LONG],
  [ScalarType.UINT64, LONG],
  [ScalarType.FIXED64, LONG],
  [ScalarType.INT32, INTEGER],
  [ScalarType.UINT32, INTEGER],
])("the schema of scalar %i", (scalar, schema) => {
  expect(scalarSchema(scalar)).toEqual(schema);
});
