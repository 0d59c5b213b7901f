import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "@jest/globals";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { messageNamed, registry } from "@medconnect/platform/contract/registry.ts";
import { in_lists } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import fc from "fast-check";
import { HTTP_BODY } from "./binding.ts";
import { JsonWriter } from "./json-writer.ts";

const messages = new Set([
  ...[...methods.values()].flatMap(({ input, output }) => [input, output]),
  messageNamed("medconnect.audit.v1.AuditEvent"),
]);
const written = [...messages].filter((desc) => !holdsRawBody(desc));

function holdsRawBody({ typeName, fields }: DescMessage): boolean {
  return typeName === HTTP_BODY || fields.some(({ message }) => message?.typeName === HTTP_BODY);
}

/** Any JSON of a message: each field may be absent, and at most one field of each oneof is present. */
function anyJson(desc: DescMessage): fc.Arbitrary<JsonObject> {
  const members = desc.members.map((member) => {
    const fields = member.kind === "oneof" ? member.fields : [member];
    return fc.oneof(fc.constant({}), ...fields.map(alone));
  });
  return fc.tuple(...members).map((parts) => Object.assign({}, ...parts));
}

const alone = (field: DescField): fc.Arbitrary<JsonObject> =>
  anyField(field).map((value) => ({ [field.jsonName]: value }));

function anyField(field: DescField): fc.Arbitrary<JsonValue> {
  const value = anyValue(field);
  switch (field.fieldKind) {
    case "list":
      return fc.array(value, { maxLength: 4 });
    case "map":
      return fc.dictionary(fc.string({ unit: "grapheme" }), value, { maxKeys: 4 });
    default:
      return value;
  }
}

const NANOS = [0, 1, 20_000_000, 123_000_000, 123_456_000, 100_000, 999_999_999];

function anyValue({ message, enum: desc, scalar }: DescField): fc.Arbitrary<JsonValue> {
  if (message?.typeName === "google.protobuf.Timestamp") {
    const day = {
      min: new Date("0001-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    };
    return fc
      .tuple(fc.date(day), fc.constantFrom(...NANOS))
      .map(([date, nanos]) => `${date.toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0")}Z`);
  }
  if (message?.typeName === "google.protobuf.Duration") return fc.integer().map((seconds) => `${seconds}s`);
  if (message?.typeName === "google.protobuf.FieldMask") return fc.constantFrom("", "bio", "bio,timeZone");
  if (message) return anyJson(message);
  if (desc) return fc.constantFrom(...desc.values.map(({ name }) => name));
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT32:
      return fc.integer();
    case ScalarType.INT64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
    case ScalarType.BYTES:
      return fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64"));
    default:
      return fc.string({ unit: "binary" }).map((text) => text.toWellFormed());
  }
}

/** Removes the empty fields that list items omit. */
function withoutOmitted(desc: DescMessage, json: JsonObject, isItem = false): JsonObject {
  const entries = desc.fields.flatMap((field): [string, JsonValue][] => {
    const { message, fieldKind, jsonName } = field;
    const value = json[jsonName];
    if (value === undefined || (isItem && isOmitted(field) && isEmpty(value))) return [];
    if (!message?.typeName.startsWith("medconnect.") || fieldKind === "map") return [[jsonName, value]];
    if (fieldKind !== "list") return [[jsonName, withoutOmitted(message, value as JsonObject, isItem)]];
    return [[jsonName, (value as JsonObject[]).map((item) => withoutOmitted(message, item, true))]];
  });
  return Object.fromEntries(entries);
}

const isOmitted = (field: DescField) => getOption(field, in_lists).omitted;
const isEmpty = (value: JsonValue) => Array.isArray(value) && value.length === 0;

test("the contract has many messages", () => expect(written.length).toBeGreaterThan(100));

test.each(written.map((desc) => [desc.typeName, desc] as const))(
  "%s is written as by protobuf-es, except for fields that list items omit",
  (_name, desc) => {
    const writer = new JsonWriter(desc);
    fc.assert(
      fc.property(anyJson(desc), (json) => {
        const message = fromJson(desc, json, { registry });
        const expected = toJson(desc, message, { alwaysEmitImplicit: true, registry });
        const written = writer.write(toBinary(desc, message));
        expect(written).toBe(JSON.stringify(withoutOmitted(desc, expected as JsonObject)));
      }),
      { numRuns: 20 },
    );
  },
);

describe("fields that list items omit", () => {
  /** RPCs whose response has a list of messages with fields that list items omit. */
  const lists = [...methods.values()].flatMap(({ name, input, output }) =>
    output.fields.flatMap((items) =>
      items.fieldKind === "list" && items.message?.fields.some(isOmitted)
        ? [{ name, input, output, items, item: items.message }]
        : [],
    ),
  );
  /** JSON of an empty message. */
  const blank = (desc: DescMessage): JsonObject => JSON.parse(new JsonWriter(desc).write(new Uint8Array()));

  test("occur in several lists", () => expect(lists.length).toBeGreaterThan(3));

  test.each(lists.map((list) => [list.name, list] as const))(
    "are absent from the items of %s, and empty if the message itself is the answer",
    (_name, { output, items, item }) => {
      const message = fromJson(output, { [items.jsonName]: [{}] }, { registry });
      const [written] = JSON.parse(new JsonWriter(output).write(toBinary(output, message)))[items.jsonName];
      const omitted = item.fields.filter(isOmitted).map(({ jsonName }) => jsonName);
      expect(Object.keys(written).filter((name) => omitted.includes(name))).toEqual([]);
      const all = blank(item);
      for (const field of item.fields) {
        if (field.fieldKind === "list") expect(all[field.jsonName]).toEqual([]);
        if (!isOmitted(field)) expect(written[field.jsonName]).toEqual(all[field.jsonName]);
      }
    },
  );

  test("occur in pages and in no other list", () => {
    const holders = [...registry]
      .flatMap((type) => (type.kind === "message" ? type.fields : []))
      .filter(({ fieldKind, message }) => fieldKind === "list" && message?.fields.some(isOmitted));
    const pages = lists.filter(({ input }) => input.field.pageSize).map(({ items }) => items);
    expect(new Set(holders)).toEqual(new Set(pages));
  });

  test("are written if a service sends them", () => {
    const desc = messageNamed("medconnect.clinical.v1.ListConsultationsResponse");
    const message = fromJson(
      desc,
      { consultations: [{ addenda: [{ id: "a" }, { id: "b" }] }] },
      { registry },
    );
    const written = JSON.parse(new JsonWriter(desc).write(toBinary(desc, message)));
    expect(written.consultations[0].addenda).toMatchObject([{ id: "a" }, { id: "b" }]);
  });
});

describe("bytes of another encoder", () => {
  const desc = messageNamed("medconnect.scheduling.v1.Slot");
  const writer = new JsonWriter(desc);
  const { id, status } = desc.field;
  const json = (fill: (wire: BinaryWriter) => BinaryWriter) =>
    JSON.parse(writer.write(fill(new BinaryWriter()).finish()));

  test("fields may come in any order, and the last value counts", () => {
    const written = json((wire) =>
      wire
        .uint32((status!.number << 3) | WireType.Varint)
        .int32(1)
        .uint32((id!.number << 3) | WireType.LengthDelimited)
        .string("first")
        .uint32((id!.number << 3) | WireType.LengthDelimited)
        .string("last"),
    );
    expect(written).toEqual({
      ...(toJson(desc, create(desc), { alwaysEmitImplicit: true }) as JsonObject),
      id: "last",
      status: "OPEN",
    });
  });

  test.each([
    [WireType.Varint, (wire: BinaryWriter) => wire.uint32(300)],
    [WireType.Bit32, (wire: BinaryWriter) => wire.fixed32(1)],
    [WireType.Bit64, (wire: BinaryWriter) => wire.fixed64(1)],
    [WireType.LengthDelimited, (wire: BinaryWriter) => wire.string("of a later version")],
  ])("an unknown field of wire type %d is skipped", (wireType, value) => {
    const unknown = json((wire) => value(wire.uint32((1000 << 3) | wireType)));
    expect(unknown).toEqual(json((wire) => wire));
  });

  test("an unknown enum value is written as a number", () => {
    expect(json((wire) => wire.uint32((status!.number << 3) | WireType.Varint).int32(99)).status).toBe(99);
  });

  test.each([
    ["a string that ends too early", Buffer.from([(1 << 3) | WireType.LengthDelimited, 5, 0x61])],
    ["a wire type that the field does not have", Buffer.from([(1 << 3) | WireType.Varint, 1])],
  ])("%s is refused", (_title, bytes) => {
    expect(() => writer.write(bytes)).toThrow();
  });
});
