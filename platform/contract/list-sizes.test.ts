import { readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as rulesOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "@jest/globals";
import { in_lists, total_bytes } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { MAX_ANSWER_BYTES } from "../grpc/message-limits.ts";
import { methods } from "./methods.ts";
import { registry } from "./registry.ts";

/** Maximum number of items on a page. Pages of the audit trail of one service may be larger. */
const MAX_PAGE_SIZE = 100;
const MAX_AUDIT_PAGE_SIZE = 1000;
/** Maximum size of a code point in UTF-8, in bytes (RFC 3629). */
const BYTES_A_CHARACTER = 4;
/** Maximum length of an id, in bytes. Ids of services, requests and traces may be longer than a UUID. */
const ID_BYTES = 64;
/** Maximum overhead of a field in bytes: a tag of up to 3, and a length of up to 5. */
const FRAME_BYTES = 8;
/** Maximum size in bytes of an enum, integer, boolean or floating-point number. */
const NUMBER_BYTES = 10;

const isId = (name: string) => name === "id" || /_ids?$/.test(name);

/** Paged methods, each with the field that holds the items of the page. */
const lists = [...methods.values()].flatMap((method) => {
  const isPaged = method.input.fields.some(({ name }) => name === "page_size");
  const page = method.output.fields.find(({ fieldKind }) => fieldKind === "list");
  return isPaged && page?.fieldKind === "list" && method.output.typeName.startsWith("medconnect.")
    ? [{ method, page }]
    : [];
});

const rulesOf = (field: DescField): FieldRules | undefined =>
  hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined;

/** Position of a field in an answer, and the limits that its outer fields impose. */
interface Place {
  path: string;
  /** True if the field is inside an item of a page. The option `in_lists` applies only there. */
  isListed?: boolean;
  /** True if `total_bytes` of an outer field limits the sum of all texts inside. */
  isTextCounted?: boolean;
}

const at = (place: Place, { name }: DescField): Place => ({ ...place, path: `${place.path}.${name}` });

/** Maximum size of a message on the wire. Throws if a field has no maximum. */
const sizeOf = (message: DescMessage, place: Place): number =>
  message.fields.reduce((sum, field) => sum + FRAME_BYTES + sizeOfField(field, at(place, field)), 0);

function sizeOfField(field: DescField, place: Place): number {
  const shown = getOption(field, in_lists);
  if (place.isListed && (shown.omitted || shown.maxBytes > 0)) return shown.maxBytes;
  const rules = rulesOf(field);
  switch (field.fieldKind) {
    case "enum":
      return NUMBER_BYTES;
    case "scalar":
      return sizeOfScalar(field.scalar, field.name, rules, place);
    case "message":
      return sizeOf(field.message, place);
    case "list":
      return sizeOfList(field, rules, place);
    case "map":
      return sizeOfMap(field, rules, place);
  }
}

function sizeOfList(
  field: DescField & { fieldKind: "list" },
  rules: FieldRules | undefined,
  place: Place,
): number {
  const repeated = rules?.type.case === "repeated" ? rules.type.value : undefined;
  const count = bounded(repeated?.maxItems, place);
  const textBytes = getOption(field, total_bytes);
  const item = sizeOfItem(field, repeated?.items, textBytes > 0 ? { ...place, isTextCounted: true } : place);
  return textBytes + count * (FRAME_BYTES + item);
}

function sizeOfMap(
  field: DescField & { fieldKind: "map" },
  rules: FieldRules | undefined,
  place: Place,
): number {
  const map = rules?.type.case === "map" ? rules.type.value : undefined;
  const key = sizeOfScalar(field.mapKey, "key", map?.keys, at(place, field));
  const value = sizeOfItem(field, map?.values, at(place, field));
  return bounded(map?.maxPairs, place) * (3 * FRAME_BYTES + key + value);
}

function bounded(count: bigint | undefined, { path }: Place): number {
  if (!count) throw new Error(`${path} has no bound: declare a maximum number in the contract`);
  return Number(count);
}

/** Maximum size of an item of a list, or of a value of a map. */
function sizeOfItem(
  field: DescField & { fieldKind: "list" | "map" },
  rules: FieldRules | undefined,
  place: Place,
): number {
  if (field.message) return sizeOf(field.message, place);
  if (field.scalar !== undefined) return sizeOfScalar(field.scalar, field.name, rules, place);
  return NUMBER_BYTES;
}

function sizeOfScalar(scalar: ScalarType, name: string, rules: FieldRules | undefined, place: Place): number {
  if (scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES) return NUMBER_BYTES;
  if (isId(name)) return ID_BYTES;
  if (place.isTextCounted) return 0;
  if (rules?.type.case === "bytes") return Number(rules.type.value.maxLen || rules.type.value.len);
  if (rules?.type.case === "string") {
    const { maxLen, maxBytes, len, in: values, wellKnown } = rules.type.value;
    if (wellKnown.case === "uuid") return ID_BYTES;
    if (values.length > 0) return Math.max(...values.map((value) => Buffer.byteLength(value)));
    if (maxBytes > 0n) return Number(maxBytes);
    if (maxLen > 0n || len > 0n) return BYTES_A_CHARACTER * Number(maxLen || len);
  }
  throw new Error(
    `${place.path} has no bound: declare a maximum length in the contract, or that lists leave it out`,
  );
}

test("the contract has lists", () => {
  expect(lists.length).toBeGreaterThan(12);
});

test.each(lists.map(({ method, page }) => [method.name, method, page] as const))(
  "the longest page of %s fits into an answer, by the contract's bounds of its fields",
  (_, method, page) => {
    const isAudit = method.owner === "audit" || method.name === "ListAuditEvents";
    const count = isAudit ? MAX_AUDIT_PAGE_SIZE : MAX_PAGE_SIZE;
    const rest = method.output.fields.filter((field) => field !== page);
    const size =
      count * (FRAME_BYTES + sizeOfItem(page, undefined, { path: method.name, isListed: true })) +
      rest.reduce(
        (sum, field) => sum + FRAME_BYTES + sizeOfField(field, at({ path: method.name }, field)),
        0,
      );
    expect(size).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  },
);

/** All methods that return no page. Omits exports, whose answers (HttpBody) have no fields with bounds. */
const others = [...methods.values()].filter(
  (method) =>
    method.output.typeName !== "google.api.HttpBody" && !lists.some((list) => list.method === method),
);

test.each(others.map((method) => [method.name, method] as const))(
  "the largest answer of %s is within the limit, by the contract's bounds of its fields",
  (name, { output }) => {
    expect(sizeOf(output, { path: name })).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  },
);

/**
 * Fields without a limit in the contract, but with one in their service. Each has a test that fills the field
 * up to that limit and measures its size.
 */
const MEASURED_IN: Record<string, string> = {
  "medconnect.scheduling.v1.Doctor.licenses": "services/scheduling/src/licenses/licenses.int.test.ts",
};

test("every field with its own bound in lists has a test that measures its longest value", () => {
  const bounded = [...registry].flatMap((type) =>
    type.kind === "message" ? type.fields.filter((field) => getOption(field, in_lists).maxBytes > 0) : [],
  );
  expect(bounded.map(({ parent, name }) => `${parent.typeName}.${name}`)).toEqual(Object.keys(MEASURED_IN));
  for (const file of Object.values(MEASURED_IN)) {
    expect(readFileSync(joinPath(import.meta.dirname, "../..", file), "utf8")).toContain("in_lists");
  }
});

test("a list omits only the fields that the contract declares as omitted", () => {
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
