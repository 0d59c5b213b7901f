import { describe, expect, test } from "@jest/globals";
import { jsonWith, requestFields } from "@medconnect/platform/testing/request-fields.ts";
import { type Parts, refusal } from "../testing/encode.ts";
import { contractRoutes } from "../testing/routes.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const ARRAY = "must be an array";
const OBJECT = "must be an object";
const STRING = "must be a string in quotes";
const AMOUNT = "fee.amountMinor: must be a whole number from 0 to 100000000";
const SIZE = "pageSize: must be a whole number from 0 to 2147483647";
const TIME = "must be a time with its zone such as 2026-03-01T09:00:00Z (RFC 3339)";

const secrets = requestFields.filter(
  ({ method, field }) =>
    field.proto.options?.debugRedact &&
    contractRoutes.some((route) => route.method === method && !route.binding.takesForm),
);

test.each(secrets.map((secret) => [secret.name, secret] as const))(
  "a value of another type is not repeated for %s",
  (_name, { method, way }) => {
    const values = method.desc.input.fields.map(() => ID);
    const body = jsonWith(way, 424_242);
    expect(JSON.stringify(refusal(method.name, { values, body }))).not.toContain("424242");
  },
);

describe("invalid input is refused, with the path of the field", () => {
  test.each<[string, string, Parts, string]>([
    [
      "an unknown field",
      "CreateBooking",
      { body: { slotID: ID } },
      "slotID: unknown field; did you mean slotId?",
    ],
    [
      "a name in the proto's spelling",
      "CreateBooking",
      { body: { slot_id: ID } },
      "slot_id: unknown field; did you mean slotId?",
    ],
    ["__proto__", "CreateBooking", { text: '{"__proto__": {"slotId": "x"}}' }, "__proto__: unknown field"],
    ["__proto__ in a resource", "CreateDoctor", { text: '{"__proto__": 1}' }, "__proto__: unknown field"],
    ["constructor", "CreateBooking", { body: { constructor: {} } }, "constructor: unknown field"],
    ["an extension", "CreateBooking", { body: { "[a.b]": 1 } }, "[a.b]: unknown field"],
    ["a number for a string", "CreateBooking", { body: { slotId: 5 } }, `slotId: ${STRING}; got 5`],
    ["an object for a string", "Login", { body: { email: {} } }, `email: ${STRING}; got an object`],
    ["a lone surrogate", "Login", { text: '{"email":"\\ud800"}' }, `email: ${STRING}; got "\\ud800"`],
    [
      "a string for an array",
      "CreateDoctor",
      { body: { languages: "en" } },
      `languages: ${ARRAY}; got a string`,
    ],
    [
      "null in an array",
      "CreateDoctor",
      { body: { languages: ["en", null] } },
      `languages[1]: ${STRING}; got null`,
    ],
    ["an array for an object", "CreateDoctor", { body: { fee: [] } }, `fee: ${OBJECT}; got an array`],
    [
      "a nested field",
      "CreateDoctor",
      { body: { fee: { amount: 1 } } },
      "fee.amount: unknown field; did you mean amountMinor?",
    ],
    ["a fraction", "CreateDoctor", { body: { fee: { amountMinor: 1.5 } } }, `${AMOUNT}; got 1.5`],
    [
      "lost precision",
      "CreateDoctor",
      { text: '{"fee":{"amountMinor":9007199254740993}}' },
      `${AMOUNT}; got 9007199254740992`,
    ],
    ["hexadecimal", "CreateDoctor", { body: { fee: { amountMinor: "0x10" } } }, `${AMOUNT}; got "0x10"`],
    [
      "more than 64 bits",
      "CreateDoctor",
      { body: { fee: { amountMinor: "9223372036854775808" } } },
      `${AMOUNT}; got "9223372036854775808"`,
    ],
    [
      "a field of a list's item",
      "BatchCreateSlots",
      { values: [ID], body: { slots: [{}, { endTime: 1 }] } },
      `slots[1].endTime: ${TIME}; got 1`,
    ],
    [
      "a date without time",
      "CreateSlot",
      { values: [ID], body: { startTime: "2026-03-01" } },
      `startTime: ${TIME}; got "2026-03-01"`,
    ],
    [
      "an unknown enum name",
      "Register",
      { body: { role: "NURSE" } },
      'role: must be one of PATIENT, DOCTOR; got "NURSE"',
    ],
    ["an enum's number", "Register", { body: { role: 1 } }, "role: must be one of PATIENT, DOCTOR; got 1"],
    [
      "an enum's zero",
      "Register",
      { body: { role: "ROLE_UNSPECIFIED" } },
      'role: must be one of PATIENT, DOCTOR; got "ROLE_UNSPECIFIED"',
    ],
    [
      "two of a oneof",
      "VerifyMfa",
      { body: { code: "1", recoveryCode: "2" } },
      "recoveryCode: conflicts with another field; send only one of code, recoveryCode",
    ],
    [
      "a field of the path",
      "CancelBooking",
      { values: [ID], body: { bookingId: ID } },
      "bookingId: given by the path; leave it out of the body",
    ],
    [
      "a name twice",
      "CreateBooking",
      { text: `{"slotId":"${ID}","slotId":"${ID}"}` },
      "slotId: given more than once; send each field once",
    ],
    [
      "a name twice, once escaped",
      "Login",
      { text: '{"email":"a","\\u0065mail":"b"}' },
      "email: given more than once; send each field once",
    ],
    [
      "a name twice, deep",
      "BatchCreateSlots",
      { values: [ID], text: '{"slots":[{},{"endTime":"","endTime":""}]}' },
      "slots[1].endTime: given more than once; send each field once",
    ],
    ["an array", "CreateBooking", { text: "[]" }, ": The body must be a JSON object, not an array."],
    ["null", "CreateBooking", { text: "null" }, ": The body must be a JSON object, not null."],
    [
      "an unexpected body",
      "GetMe",
      { body: {} },
      ": This route takes no body. Send the request without one.",
    ],
    [
      "an unknown parameter",
      "ListBookings",
      { query: "page=2" },
      "page: unknown query parameter; this route has pageSize, pageToken, status, doctorId, patientId, startTime, endTime",
    ],
    [
      "a parameter in the proto's spelling",
      "ListBookings",
      { query: "page_size=2" },
      "page_size: unknown query parameter; did you mean pageSize?",
    ],
    [
      "a parameter in addition to the body",
      "CreateBooking",
      { query: `slotId=${ID}`, body: {} },
      "slotId: unknown query parameter; send it as a field of the JSON body",
    ],
    [
      "a parameter twice",
      "ListBookings",
      { query: "pageSize=1&pageSize=1" },
      "pageSize: given more than once; send it once",
    ],
    ["a parameter that is no number", "ListBookings", { query: "pageSize=ten" }, `${SIZE}; got "ten"`],
    [
      "a parameter beyond 32 bits",
      "ListBookings",
      { query: "pageSize=2147483648" },
      `${SIZE}; got "2147483648"`,
    ],
    ["an empty number", "ListBookings", { query: "pageSize=" }, `${SIZE}; got ""`],
    [
      "an enum's number as a parameter",
      "ListBookings",
      { query: "status=2" },
      'status: must be one of PENDING_PAYMENT, CONFIRMED, EXPIRED, CANCELLED, COMPLETED, NO_SHOW; got "2"',
    ],
    [
      "a time with its plus unescaped",
      "ListBookings",
      { query: "startTime=2026-03-01T09:00:00+01:00" },
      `startTime: ${TIME}; write + as %2B in a query; got "2026-03-01T09:00:00 01:00"`,
    ],
    [
      "bad percent-encoding",
      "ListBookings",
      { query: "pageToken=%zz" },
      ": The query is not valid percent-encoded UTF-8. Write a literal % as %25.",
    ],
    [
      "a mask in the proto's spelling",
      "UpdateMe",
      { query: "updateMask=time_zone", body: {} },
      'updateMask: must be names of fields with commas between them, such as bio,timeZone; got "time_zone"',
    ],
  ])("%s", (_title, name, parts, violation) => {
    expect(refusal(name, parts)).toEqual(["INVALID_REQUEST", violation]);
  });

  test.each([
    "{",
    '{"slotId":}',
    "{'slotId': 1}",
    "{} {}",
    "\u{feff}{}",
    " ",
    "NaN",
    '{"a":1,}',
    Buffer.from([0xff]),
  ])("%j is malformed", (text) => {
    expect(refusal("CreateBooking", { text })).toEqual(["MALFORMED_JSON"]);
  });

  test("the answer names all violations", () => {
    const parts = { query: "a=1", body: { bio: 1, fee: { currencyCode: 2 }, x: 3 } };
    expect(refusal("CreateDoctor", parts)).toEqual([
      "INVALID_REQUEST",
      "a: unknown query parameter; this route has none",
      `bio: ${STRING}`,
      `fee.currencyCode: ${STRING}; got 2`,
      "x: unknown field",
    ]);
  });

  test("the number of violations is bounded", () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]));
    expect(refusal("CreateBooking", { body })).toHaveLength(51);
  });

  test("the items of a list that is too long are not checked one by one", () => {
    const languages = Array.from({ length: 1000 }, () => 1);
    expect(refusal("CreateDoctor", { body: { languages } }).slice(1)).toEqual([
      "languages: must have at most 20 items; got 1000",
    ]);
  });

  test("an answer with more violations than its bound says so", () => {
    const junk = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "1"]));
    const more = ": There are more violations than this answer lists.";
    const inObject = (count: number) => ({ body: junk(count) });
    const inQuery = (count: number) => ({ body: {}, query: new URLSearchParams(junk(count)).toString() });
    for (const parts of [inObject, inQuery]) {
      expect(refusal("CreateDoctor", parts(50)).slice(1)).toHaveLength(50);
      expect(refusal("CreateDoctor", parts(50))).not.toContain(more);
      expect(refusal("CreateDoctor", parts(51)).slice(49)).toEqual([expect.any(String), more]);
    }
  });
});
