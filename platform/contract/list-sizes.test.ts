import { readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as rulesOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "@jest/globals";
import { in_lists } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { MAX_ANSWER_BYTES } from "../grpc/message-limits.ts";
import { methods } from "./methods.ts";
import { registry } from "./registry.ts";

/** The longest page, and the longest page of one service's audit trail. */
const MAX_PAGE_SIZE = 100;
const MAX_AUDIT_PAGE_SIZE = 1000;
/** A code point in UTF-8 (RFC 3629). */
const BYTES_A_CHARACTER = 4;
/** A UUID has 36 characters; the ids of services, requests and traces are not longer than this. */
const ID_BYTES = 64;
/** A tag of up to 3 bytes and a length of up to 5. */
const FRAME_BYTES = 8;
/** Enums, integers, booleans and floating-point numbers. */
const NUMBER_BYTES = 10;

const isId = (name: string) => name === "id" || /_ids?$/.test(name);

/** Methods that answer page by page, with the field that holds the page. */
const lists = [...methods.values()].flatMap((method) => {
  const isPaged = method.input.fields.some(({ name }) => name === "page_size");
  const page = method.output.fields.find(({ fieldKind }) => fieldKind === "list");
  return isPaged && page?.fieldKind === "list" && method.output.typeName.startsWith("medconnect.")
    ? [{ method, page }]
    : [];
});

const rulesOf = (field: DescField): FieldRules | undefined =>
  hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined;

const join = (path: string, field: DescField) => `${path}.${field.name}`;

/** The maximum size of a message on the wire. Throws for a field without a bound. */
const sizeOf = (message: DescMessage, path: string): number =>
  message.fields.reduce((sum, field) => sum + FRAME_BYTES + sizeOfField(field, join(path, field)), 0);

function sizeOfField(field: DescField, path: string): number {
  const shown = getOption(field, in_lists);
  if (shown.omitted || shown.maxBytes > 0) return shown.maxBytes;
  const rules = rulesOf(field);
  switch (field.fieldKind) {
    case "enum":
      return NUMBER_BYTES;
    case "scalar":
      return sizeOfScalar(field.scalar, field.name, rules, path);
    case "message":
      return sizeOf(field.message, path);
    case "list":
      return sizeOfList(field, rules, path);
    default:
      throw new Error(`${path} has no bound`);
  }
}

function sizeOfList(
  field: DescField & { fieldKind: "list" },
  rules: FieldRules | undefined,
  path: string,
): number {
  const repeated = rules?.type.case === "repeated" ? rules.type.value : undefined;
  const count = Number(repeated?.maxItems ?? 0n);
  if (count === 0) throw new Error(`${path} has no bound`);
  return count * (FRAME_BYTES + sizeOfItem(field, repeated?.items, path));
}

function sizeOfItem(
  field: DescField & { fieldKind: "list" },
  rules: FieldRules | undefined,
  path: string,
): number {
  switch (field.listKind) {
    case "enum":
      return NUMBER_BYTES;
    case "message":
      return sizeOf(field.message, path);
    case "scalar":
      return sizeOfScalar(field.scalar, field.name, rules, path);
  }
}

function sizeOfScalar(scalar: ScalarType, name: string, rules: FieldRules | undefined, path: string): number {
  if (scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES) return NUMBER_BYTES;
  if (isId(name)) return ID_BYTES;
  if (rules?.type.case === "bytes") return Number(rules.type.value.maxLen || rules.type.value.len);
  if (rules?.type.case === "string") {
    const { maxLen, maxBytes, len, in: values, wellKnown } = rules.type.value;
    if (wellKnown.case === "uuid") return ID_BYTES;
    if (values.length > 0) return Math.max(...values.map((value) => Buffer.byteLength(value)));
    if (maxBytes > 0n) return Number(maxBytes);
    if (maxLen > 0n || len > 0n) return BYTES_A_CHARACTER * Number(maxLen || len);
  }
  throw new Error(
    `${path} has no bound: declare a maximum length in the contract, or that lists leave it out`,
  );
}

test("the contract has lists", () => {
  expect(lists.length).toBeGreaterThan(12);
});

test.each(lists.map(({ method, page }) => [method.name, method, page] as const))(
  "the longest page of %s fits into an answer, by the contract's bounds of each field",
  (_, method, page) => {
    const isAudit = method.owner === "audit" || method.name === "ListAuditEvents";
    const count = isAudit ? MAX_AUDIT_PAGE_SIZE : MAX_PAGE_SIZE;
    const rest = method.output.fields.filter((field) => field !== page);
    const size =
      count * (FRAME_BYTES + sizeOfItem(page, undefined, method.name)) +
      rest.reduce((sum, field) => sum + FRAME_BYTES + sizeOfField(field, join(method.name, field)), 0);
    expect(size).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  },
);

/** Tests that fill the field as far as the service allows, and measure it. */
const MEASURED_IN: Record<string, string> = {
  "medconnect.scheduling.v1.Doctor.licenses": "services/scheduling/src/licenses/licenses.int.test.ts",
};

test("every field with a bound of its own in lists has a test that measures its longest value", () => {
  const bounded = [...registry].flatMap((type) =>
    type.kind === "message" ? type.fields.filter((field) => getOption(field, in_lists).maxBytes > 0) : [],
  );
  expect(bounded.map(({ parent, name }) => `${parent.typeName}.${name}`)).toEqual(Object.keys(MEASURED_IN));
  for (const file of Object.values(MEASURED_IN)) {
    expect(readFileSync(joinPath(import.meta.dirname, "../..", file), "utf8")).toContain("in_lists");
  }
});

test("a list omits only the fields that the contract says it omits", () => {
  const omitted = lists.flatMap(({ page }) =>
    (page.message?.fields ?? []).filter((field) => getOption(field, in_lists).omitted),
  );
  expect(omitted.length).toBeGreaterThan(0);
  for (const field of omitted) {
    const canBeAbsent = field.fieldKind === "list" || field.presence !== 2;
    expect(`${field.parent.name}.${field.name} ${canBeAbsent}`).toBe(
      `${field.parent.name}.${field.name} true`,
    );
  }
});
