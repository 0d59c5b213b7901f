import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import fc from "fast-check";
import { routeNamed } from "../testing/routes.ts";
import { encodeRequest } from "./request.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

interface Parts {
  values?: string[];
  query?: string;
  body?: JsonValue | undefined;
  text?: string | Buffer;
  headers?: Record<string, string>;
}

function requestWith(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers)) {
    request.headers[name] = value;
    request.headersDistinct[name] = [value];
  }
  return request;
}

function bytesOf({ body, text }: Parts): Buffer {
  if (text !== undefined) return Buffer.from(text);
  return Buffer.from(body === undefined ? "" : JSON.stringify(body));
}

/** The service's view of a request. */
function encode(name: string, parts: Parts): JsonValue {
  const { binding } = routeNamed(name);
  const { values = [], query = "", headers = {} } = parts;
  const bytes = encodeRequest(binding, {
    request: requestWith(headers),
    values,
    query,
    body: bytesOf(parts),
  });
  return toJson(binding.input, fromBinary(binding.input, bytes));
}

/** How a request is refused: the reason, and each field with what is wrong. */
function refusal(name: string, parts: Parts): [string, ...string[]] {
  try {
    encode(name, parts);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [error.reason, ...error.violations.map(({ field, description }) => `${field}: ${description}`)];
  }
  throw new Error("the request was taken");
}

describe("path, query, body and headers make one message", () => {
  test("body with everything", () => {
    const headers = { "idempotency-key": '"k-1"' };
    expect(encode("CreateBooking", { body: { slotId: ID, reason: "🤒" }, headers })).toEqual({
      slotId: ID,
      reason: "🤒",
      idempotencyKey: "k-1",
    });
  });

  test("a path variable beside the body", () => {
    expect(encode("CancelBooking", { values: [ID], body: { reason: "ill" } })).toEqual({
      bookingId: ID,
      reason: "ill",
    });
  });

  test("query parameters are read by their fields' types", () => {
    const query =
      "pageSize=5&status=CONFIRMED&startTime=2026-03-01T09:00:00%2B01:00&pageToken=a%20b%2B&endTime=2026-04-01T00:00:00Z";
    expect(encode("ListBookings", { query })).toEqual({
      pageSize: 5,
      status: "CONFIRMED",
      startTime: "2026-03-01T08:00:00Z",
      endTime: "2026-04-01T00:00:00Z",
      pageToken: "a b+",
    });
    expect(encode("SearchDoctors", { query: "maxFeeMinor=0&query=heart+doctor&" })).toEqual({
      maxFeeMinor: "0",
      query: "heart doctor",
    });
  });

  test.each([undefined, {}])("no body and {} are the same", (body) => {
    expect(encode("Logout", { body })).toEqual({});
  });

  test("null is the same as absent", () => {
    expect(encode("CreateBooking", { body: { slotId: ID, reason: null } })).toEqual({ slotId: ID });
  });

  test("numbers as text and as numbers, lists, nested messages", () => {
    const slots = [{ startTime: "2026-03-01T09:00:00Z", endTime: "2026-03-01T09:30:00.5Z" }];
    expect(encode("BatchCreateSlots", { values: [ID], body: { slots } })).toEqual({
      doctorId: ID,
      slots: [{ startTime: "2026-03-01T09:00:00Z", endTime: "2026-03-01T09:30:00.500Z" }],
    });
    const doctor = { fee: { currencyCode: "USD", amountMinor: 5000 }, languages: ["en", "de"] };
    expect(encode("CreateDoctor", { body: doctor })).toEqual({
      fee: { currencyCode: "USD", amountMinor: "5000" },
      languages: ["en", "de"],
    });
  });
});

describe("a whole number", () => {
  const amount = (json: string) => ({ text: `{"fee":{"amountMinor":${json}}}` });

  test.each([
    ["1e3", "1000"],
    ["1000.0", "1000"],
    ["-0", "0"],
    ["-5", "-5"],
    ['"0"', "0"],
    ['"-5"', "-5"],
    ['"9223372036854775807"', "9223372036854775807"],
  ])("%s in JSON is %s", (json, value) => {
    const { fee } = encode("CreateDoctor", amount(json)) as { fee: { amountMinor?: string } };
    expect(fee.amountMinor ?? "0").toBe(value);
  });

  test.each(["05", "-05", "-0", "00", "+5", "1e3", "1.0", " 5", "5 ", "", "0x5", "٥", "1_000"])(
    "is not %j as text, in a body or a query",
    (text) => {
      expect(refusal("CreateDoctor", amount(JSON.stringify(text)))[1]).toBe(`fee.amountMinor: ${WHOLE}`);
      for (const name of ["pageSize", "maxFeeMinor"]) {
        const query = new URLSearchParams({ [name]: text }).toString();
        expect(refusal("SearchDoctors", { query })[1]).toBe(`${name}: ${WHOLE}`);
      }
    },
  );

  test.each(["05", "-05", "+5", "1.", ".5", "0x5"])("is not %s, which is no JSON", (json) => {
    expect(refusal("CreateDoctor", amount(json))).toEqual(["MALFORMED_JSON"]);
  });
});

describe("PATCH", () => {
  test("changes what its mask names", () => {
    const patch = { values: [ID], query: "updateMask=bio,timeZone", body: { bio: "b", specialty: "s" } };
    expect(encode("UpdateDoctor", patch)).toEqual({
      doctorId: ID,
      doctor: { bio: "b", specialty: "s" },
      updateMask: "bio,timeZone",
    });
  });

  test("without a mask, what its body names and the client may set; null empties", () => {
    const body = {
      id: ID,
      bio: null,
      fee: { currencyCode: "USD" },
      createTime: "2026-01-01T00:00:00Z",
      etag: "7",
    };
    expect(encode("UpdateDoctor", { values: [ID], body })).toMatchObject({ updateMask: "bio,fee" });
  });

  test.each([
    ['"abc"', "abc"],
    ['"abc.hash-of_it"', "abc"],
    ["abc", "abc"],
    ["abc.hash-of_it", "abc"],
    ['"a", "b.hash" ,, "a.hash"', "a,b"],
    ['"a",W/"b"', "a"],
    ['"a,b", "c"', "c"],
    ["*", undefined],
  ])("If-Match %s asks for the versions %s", (header, etag) => {
    const message = encode("UpdateMe", { body: { phone: "" }, headers: { "if-match": header } });
    expect((message as { user: { etag?: string } }).user.etag).toBe(etag);
  });

  test.each([
    ["1.hash", '"1"', "1.hash"],
    ["1.old", '"2", "1.new"', "1.old"],
    ["1,2", '"2", "3"', "2"],
    ["1", "*", "1"],
    ["", '"1"', "1"],
    [null, '"1"', "1"],
  ])("a body's etag %j and If-Match %s both hold", (etag, header, both) => {
    const message = encode("UpdateMe", { body: { etag }, headers: { "if-match": header } });
    expect(message).toEqual({ user: { etag: both }, updateMask: "" });
  });

  test.each(['"2"', '"2", "3.1"'])("no version satisfies a body's etag of 1 and If-Match %s", (header) => {
    const parts = { body: { etag: "1.hash" }, headers: { "if-match": header } };
    expect(refusal("UpdateMe", parts)).toEqual(["ETAG_MISMATCH"]);
  });

  test("a body's etag that is no text is refused also beside If-Match", () => {
    const parts = { body: { etag: 1 }, headers: { "if-match": '"1"' } };
    expect(refusal("UpdateMe", parts)).toEqual(["INVALID_REQUEST", `etag: ${TEXT}`]);
  });

  test.each(['"a', "a b", '"a" "b"', '"a""b"', 'a, "b"', '*, "a"', "", ","])(
    "If-Match %s is refused",
    (header) => {
      expect(refusal("UpdateMe", { headers: { "if-match": header } })[1]).toMatch(/^If-Match: /);
    },
  );
});

describe("Idempotency-Key", () => {
  test.each([
    ["bare", "bare"],
    ['"quoted"', "quoted"],
    ['"with \\" and \\\\"', 'with " and \\'],
    ["two words", "two words"],
    ["x".repeat(255), "x".repeat(255)],
  ])("%s", (header, key) => {
    const message = encode("CreateBooking", { headers: { "idempotency-key": header }, body: { slotId: ID } });
    expect(message).toMatchObject({ idempotencyKey: key });
  });

  test.each(["", '""', '"open', '"a"b', '"a\\x"', "x".repeat(256), "kéy", "tab\tkey"])(
    "%j is refused",
    (header) => {
      expect(
        refusal("CreateBooking", { headers: { "idempotency-key": header }, body: { slotId: ID } }),
      ).toEqual([
        "INVALID_REQUEST",
        "Idempotency-Key: must be one key of 1 to 255 printable ASCII characters",
      ]);
    },
  );

  test("means nothing to a method that takes none", () => {
    expect(
      encode("Login", { headers: { "idempotency-key": "" }, body: { email: "a", password: "b" } }),
    ).toEqual({
      email: "a",
      password: "b",
    });
  });

  test("is no field and no parameter", () => {
    expect(refusal("CreateBooking", { body: { idempotencyKey: "k" } })).toEqual([
      "INVALID_REQUEST",
      "idempotencyKey: is unknown",
    ]);
    expect(refusal("CreateDoctor", { query: "idempotencyKey=k" })).toEqual([
      "INVALID_REQUEST",
      "idempotencyKey: is unknown",
    ]);
  });
});

const LIST = "must be an array";
const OBJECT = "must be an object";
const TEXT = "must be a string";
const WHOLE = "must be an integer in the range of its type; beyond 2^53 as a string, without leading zeros";
const TIME = 'must be a time such as "2026-03-01T09:00:00Z" (RFC 3339)';

describe("what is not exactly right is refused, by its path", () => {
  test.each<[string, string, Parts, string]>([
    ["an unknown field", "CreateBooking", { body: { slotID: ID } }, "slotID: is unknown"],
    ["a name as the proto spells it", "CreateBooking", { body: { slot_id: ID } }, "slot_id: is unknown"],
    ["__proto__", "CreateBooking", { text: '{"__proto__": {"slotId": "x"}}' }, "__proto__: is unknown"],
    ["__proto__ in a resource", "CreateDoctor", { text: '{"__proto__": 1}' }, "__proto__: is unknown"],
    ["constructor", "CreateBooking", { body: { constructor: {} } }, "constructor: is unknown"],
    ["an extension", "CreateBooking", { body: { "[a.b]": 1 } }, "[a.b]: is unknown"],
    ["a number for text", "CreateBooking", { body: { slotId: 5 } }, `slotId: ${TEXT}`],
    ["an object for text", "Login", { body: { email: {} } }, `email: ${TEXT}`],
    ["a lone surrogate", "Login", { text: '{"email":"\\ud800"}' }, `email: ${TEXT}`],
    ["text for a list", "CreateDoctor", { body: { languages: "en" } }, `languages: ${LIST}`],
    ["null in a list", "CreateDoctor", { body: { languages: ["en", null] } }, `languages[1]: ${TEXT}`],
    ["a list for an object", "CreateDoctor", { body: { fee: [] } }, `fee: ${OBJECT}`],
    ["a nested field", "CreateDoctor", { body: { fee: { amount: 1 } } }, "fee.amount: is unknown"],
    ["a fraction", "CreateDoctor", { body: { fee: { amountMinor: 1.5 } } }, `fee.amountMinor: ${WHOLE}`],
    [
      "lost precision",
      "CreateDoctor",
      { text: '{"fee":{"amountMinor":9007199254740993}}' },
      `fee.amountMinor: ${WHOLE}`,
    ],
    ["hexadecimal", "CreateDoctor", { body: { fee: { amountMinor: "0x10" } } }, `fee.amountMinor: ${WHOLE}`],
    [
      "more than 64 bits",
      "CreateDoctor",
      { body: { fee: { amountMinor: "9223372036854775808" } } },
      `fee.amountMinor: ${WHOLE}`,
    ],
    [
      "a field of a list's item",
      "BatchCreateSlots",
      { values: [ID], body: { slots: [{}, { endTime: 1 }] } },
      `slots[1].endTime: ${TIME}`,
    ],
    [
      "a date without time",
      "CreateSlot",
      { values: [ID], body: { startTime: "2026-03-01" } },
      `startTime: ${TIME}`,
    ],
    [
      "an unknown enum name",
      "Register",
      { body: { role: "NURSE" } },
      "role: must be one of PATIENT, DOCTOR, ADMIN",
    ],
    ["an enum's number", "Register", { body: { role: 1 } }, "role: must be one of PATIENT, DOCTOR, ADMIN"],
    [
      "an enum's zero",
      "Register",
      { body: { role: "ROLE_UNSPECIFIED" } },
      "role: must be one of PATIENT, DOCTOR, ADMIN",
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
      "bookingId: is given by the path; leave it out of the body",
    ],
    [
      "a name twice",
      "CreateBooking",
      { text: `{"slotId":"${ID}","slotId":"${ID}"}` },
      "slotId: is given more than once",
    ],
    [
      "a name twice, once escaped",
      "Login",
      { text: '{"email":"a","\\u0065mail":"b"}' },
      "email: is given more than once",
    ],
    [
      "a name twice, deep",
      "BatchCreateSlots",
      { values: [ID], text: '{"slots":[{},{"endTime":"","endTime":""}]}' },
      "slots[1].endTime: is given more than once",
    ],
    ["an array", "CreateBooking", { text: "[]" }, ": The body must be a JSON object."],
    ["null", "CreateBooking", { text: "null" }, ": The body must be a JSON object."],
    [
      "a body where none is due",
      "GetMe",
      { body: {} },
      ": This method takes no body. Send the request without one.",
    ],
    ["an unknown parameter", "ListBookings", { query: "page=2" }, "page: is unknown"],
    ["a parameter as the proto spells it", "ListBookings", { query: "page_size=2" }, "page_size: is unknown"],
    [
      "a parameter beside a whole body",
      "CreateBooking",
      { query: `slotId=${ID}`, body: {} },
      "slotId: is unknown",
    ],
    [
      "a parameter twice",
      "ListBookings",
      { query: "pageSize=1&pageSize=1" },
      "pageSize: is given more than once",
    ],
    ["a parameter that is no number", "ListBookings", { query: "pageSize=ten" }, `pageSize: ${WHOLE}`],
    ["a parameter beyond 32 bits", "ListBookings", { query: "pageSize=2147483648" }, `pageSize: ${WHOLE}`],
    ["an empty number", "ListBookings", { query: "pageSize=" }, `pageSize: ${WHOLE}`],
    [
      "an enum's number as a parameter",
      "ListBookings",
      { query: "status=2" },
      "status: must be one of PENDING_PAYMENT, CONFIRMED, EXPIRED, CANCELLED, COMPLETED, NO_SHOW",
    ],
    [
      "a time with its plus unescaped",
      "ListBookings",
      { query: "startTime=2026-03-01T09:00:00+01:00" },
      `startTime: ${TIME}`,
    ],
    [
      "bad percent-encoding",
      "ListBookings",
      { query: "pageToken=%zz" },
      ": The query is not valid percent-encoded UTF-8. Write a literal % as %25.",
    ],
    [
      "a mask as the proto spells it",
      "UpdateMe",
      { query: "updateMask=time_zone", body: {} },
      'updateMask: must be comma-separated field names such as "bio,fee"',
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

  test("all that is wrong is named at once", () => {
    const parts = { query: "a=1", body: { bio: 1, fee: { currencyCode: 2 }, x: 3 } };
    expect(refusal("CreateDoctor", parts)).toEqual([
      "INVALID_REQUEST",
      "a: is unknown",
      `bio: ${TEXT}`,
      `fee.currencyCode: ${TEXT}`,
      "x: is unknown",
    ]);
  });

  test("a body of junk does not make a larger answer", () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]));
    expect(refusal("CreateBooking", { body })).toHaveLength(51);
  });

  test("as many as an answer lists are named, and of more it says so", () => {
    const junk = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "1"]));
    const more = ": There are more violations than this answer lists.";
    const inObject = (count: number) => ({ body: junk(count) });
    const inList = (count: number) => ({ body: { languages: Array.from({ length: count }, () => 1) } });
    const inQuery = (count: number) => ({ body: {}, query: new URLSearchParams(junk(count)).toString() });
    for (const parts of [inObject, inList, inQuery]) {
      expect(refusal("CreateDoctor", parts(50)).slice(1)).toHaveLength(50);
      expect(refusal("CreateDoctor", parts(50))).not.toContain(more);
      expect(refusal("CreateDoctor", parts(51)).slice(49)).toEqual([expect.any(String), more]);
    }
  });
});

test("whatever is sent is taken or refused as the client's mistake", () => {
  const names = [
    "CreateBooking",
    "CreateDoctor",
    "UpdateDoctor",
    "BatchCreateSlots",
    "VerifyMfa",
    "CreatePrescription",
  ];
  const keys = fc.constantFrom(
    "slotId", "slot_id", "doctor", "fee", "amountMinor", "slots", "startTime", "languages", "verification", "items",
    "refills", "code", "recoveryCode", "etag", "__proto__", "constructor", "toString", "",
  ); // biome-ignore format: a list
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(ID, "2026-03-01T09:00:00Z", "PENDING", "1e400", "-0", "[object Object]"),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value")), fc.dictionary(keys, tie("value"))),
  })).value;
  const text = fc.oneof(
    json.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string({ unit: "binary" }),
  );
  const query = fc.oneof(
    fc.string(),
    fc.webQueryParameters(),
    keys.map((key) => `${key}=1`),
  );
  const header = fc.oneof(fc.constant("k"), fc.string());
  fc.assert(
    fc.property(fc.constantFrom(...names), text, query, header, (name, body, parameters, key) => {
      const headers = { "idempotency-key": key, "if-match": key };
      const parts = { values: [ID, ID], query: parameters, text: body, headers };
      try {
        encode(name, parts);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        expect([400, 412]).toContain(error.rule.httpStatus);
      }
    }),
    { numRuns: 3000 },
  );
});
