import { create, type DescField, getOption, ScalarType, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { describe, expect, test } from "@jest/globals";
import {
  Text_Kind as Kind,
  must as mustOption,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { ApiError } from "../errors/api-error.ts";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { pathOf, type RequestField, requestFields } from "../testing/request-fields.ts";
import { stringRulesOf } from "./field-rules.ts";
import { validate } from "./validate.ts";

const table = (chosen: readonly RequestField[]) => chosen.map((each) => [each.name, each] as const);
const enums = requestFields.filter(({ field }) => field.enum);
const texts = requestFields.filter(({ field }) => field.scalar === ScalarType.STRING);
const patterns = texts.filter(({ field }) => stringRulesOf(field)?.pattern);

/** Text that users should not see: signs of a regular expression, or of a list of numbers. */
const FOR_MACHINES = /[[\]\\^{}$*]|\bin list\b|regex|pattern|enum/;
/** Description of a violation without the value that it shows. */
const withoutValue = (description: string) => description.replace(/; got .*$/s, "");

/** Violations of a request in which only one field is set, to this value. */
function violationsOf({ method, way }: RequestField, value: unknown): FieldViolation[] {
  const request = create(method.input);
  let at = reflect(method.input, request);
  for (const field of way.slice(0, -1)) {
    const inner = reflect(field.message!, create(field.message!));
    set(at, field, inner);
    at = inner;
  }
  set(at, way.at(-1)!, value);
  try {
    validate(method.input, toBinary(method.input, request));
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [...error.violations];
  }
}

function set(message: ReturnType<typeof reflect>, field: DescField, value: unknown): void {
  if (field.fieldKind === "list") message.get(field).add(value as never);
  else message.set(field, value as never);
}

test.each(table(patterns))("the contract describes the pattern of %s in words", (_name, { field }) => {
  const words = getOption(field, mustOption);
  expect(words).toMatch(/^must /);
  expect(words).not.toMatch(FOR_MACHINES);
});

test("an enum value that the rules do not allow is shown by its name", () => {
  const role = enums.find(({ name }) => name === "Register role")!;
  const admin = role.field.enum!.values.find(({ name }) => name === "ADMIN")!.number;
  expect(violationsOf(role, admin)).toContainEqual({
    field: "role",
    description: expect.stringMatching(/^must be one of PATIENT, DOCTOR; got "?ADMIN"?$/),
  });
});

describe("a violation shows neither a pattern nor an enum's numbers:", () => {
  test.each(table(enums))("%s", (_name, to) => {
    const names = to.field.enum!.values.map(({ name }) => name);
    for (const value of [0, 99, -1]) {
      for (const { field, description } of violationsOf(to, value)) {
        expect(withoutValue(description)).not.toMatch(FOR_MACHINES);
        if (field !== pathOf(to.way)) continue;
        const [, shown = ""] = /^must be one of (.+)$/.exec(withoutValue(description)) ?? [];
        expect(names).toEqual(expect.arrayContaining(shown.split(", ")));
      }
    }
  });

  test.each(table(texts))("%s", (_name, to) => {
    for (const value of ["", " ", "?", "é", "\u{1f600}", "a\u0001", "-".repeat(30), "x".repeat(5000)]) {
      const descriptions = violationsOf(to, value).map(({ description }) => description);
      expect(descriptions.filter((text) => FOR_MACHINES.test(withoutValue(text)))).toEqual([]);
    }
  });
});

describe("a violation repeats no secret:", () => {
  const secrets = texts.filter(
    ({ field }) => field.proto.options?.debugRedact || getOption(field, textOption) === Kind.VERBATIM,
  );

  test.each(table(secrets))("%s", (_name, to) => {
    for (const value of ["S3CRET", "\u0001S3CRET", "S3CRET ", "S3CRET".repeat(5000), "S3CRÉT"]) {
      expect(JSON.stringify(violationsOf(to, value))).not.toMatch(/S3CR.T/);
    }
  });

  test("fields with secrets are scalars, so a violation inside of them cannot name another field", () => {
    const redacted = requestFields.filter(({ field }) => field.proto.options?.debugRedact);
    expect(redacted.filter(({ field }) => !field.scalar).map(({ name }) => name)).toEqual([]);
  });
});

test.each([
  ["a number above its bound", "CreateRefund amount_minor", 100000001n, "from 1 to 100000000; got 100000001"],
  [
    "a number below its bound",
    "ListBookings page_size",
    -1,
    "must be a whole number from 0 to 2147483647; got -1",
  ],
  ["an e-mail address without a domain", "Register email", "ann", 'such as ann@example.org; got "ann"'],
  ["a name of 201 letters", "Register full_name", "x".repeat(201), "must have 1 to 200 characters; got 201"],
  [
    "a value of a short list",
    "SearchDoctors order_by",
    "name",
    'must be one of displayName, createTime desc; got "name"',
  ],
  ["a placeholder", "GetBooking booking_id", "{id}", 'got "{id}"; put a value in place of the placeholder'],
  ["a missing value", "GetBooking booking_id", "", /^must be given$/],
  ["RegisterRequest's role left out", "Register role", 0, "must be one of PATIENT, DOCTOR"],
  [
    "a value that the enum lacks",
    "ListBookings status",
    99,
    /^must be one of PENDING_PAYMENT, CONFIRMED, .*; got 99$/,
  ],
  ["five digits", "ActivateTotp code", "12345", "must be 6 digits"],
  [
    "a phone number without a country",
    "UpdateMe user.phone",
    "0301234567",
    "must be E.164 such as +4930123456",
  ],
])("%s", (_title, name, value, words) => {
  const to = requestFields.find((each) => each.name === name)!;
  const violation = violationsOf(to, value).find(({ field }) => field === pathOf(to.way));
  expect(violation?.description).toMatch(words);
});
