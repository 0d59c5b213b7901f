import {
  type DescField,
  fromBinary,
  fromJson,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "@jest/globals";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Access as Access,
  Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { ApiError, type FieldViolation } from "../errors/api-error.ts";
import { jsonWith, pathOf, type RequestField, requestFields } from "../testing/request-fields.ts";
import { stringRulesOf } from "./field-rules.ts";
import { methods } from "./methods.ts";
import { rangesIn } from "./ranges.ts";
import { behavesAs, validate } from "./validate.ts";

const kindOf = (field: DescField): Kind => getOption(field, textOption);
const rulesOf = (field: DescField) => getOption(field, rulesOption);
const isUuid = (field: DescField): boolean => stringRulesOf(field)?.wellKnown.case === "uuid";

/** Fields from people and external systems. Messages between our services carry values that were checked on entry. */
const fields = requestFields.filter(
  ({ method, way }) =>
    method.rules.access !== Access.INTERNAL &&
    !way.some((field) => behavesAs(field, FieldBehavior.OUTPUT_ONLY)),
);
const table = (chosen: readonly RequestField[]) => chosen.map((each) => [each.name, each] as const);
const ofKind = (...kinds: Kind[]) => table(fields.filter(({ field }) => kinds.includes(kindOf(field))));

/** A request with only this value in its canonical form, or the violations of the value's field. */
function send({ method, way }: RequestField, value: JsonValue): JsonObject | FieldViolation[] {
  const bytes = toBinary(method.input, fromJson(method.input, jsonWith(way, value)));
  try {
    return toJson(method.input, fromBinary(method.input, validate(method.input, bytes))) as JsonObject;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.reason).toBe("INVALID_REQUEST");
    return error.violations;
  }
}

/** The mistake in the value; undefined if only other fields are wrong, because they are missing. */
function refusalOf(to: RequestField, value: JsonValue): string | undefined {
  const answer = send(to, value);
  if (!Array.isArray(answer)) return undefined;
  return answer.find(({ field }) => field === pathOf(to.way))?.description;
}

describe("the contract", () => {
  /** Accepted unchanged: page tokens by AIP-158, entity tags by AIP-154. */
  const BY_NAME = new Set(["page_token", "etag"]);

  test.each(table(fields.filter(({ field }) => field.scalar === ScalarType.STRING)))(
    "declares the text of %s: a kind, a UUID, a pattern or a list of values",
    (_name, { field }) => {
      const rules = stringRulesOf(field);
      const isClosed = rules && (rules.pattern !== "" || rules.in.length > 0 || rules.const !== "");
      expect(
        kindOf(field) !== Kind.KIND_UNSPECIFIED || isUuid(field) || isClosed || BY_NAME.has(field.name),
      ).toBe(true);
      // Both would contradict each other.
      expect(kindOf(field) !== Kind.KIND_UNSPECIFIED && isUuid(field)).toBe(false);
    },
  );

  test.each(
    ofKind(Kind.NAME, Kind.LINE, Kind.TEXT, Kind.VERBATIM, Kind.EMAIL, Kind.TIME_ZONE, Kind.LANGUAGE),
  )("bounds the length of %s", (_name, { field }) => {
    expect(stringRulesOf(field)?.maxLen).toBeGreaterThan(0n);
  });

  const whole = requestFields.filter(({ field }) =>
    [
      ScalarType.INT64,
      ScalarType.UINT64,
      ScalarType.SINT64,
      ScalarType.FIXED64,
      ScalarType.SFIXED64,
    ].includes(field.scalar!),
  );
  test.each(table(whole))(
    "bounds %s on both sides, within the range of exact integers",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case).toBe("int64");
      if (type.case !== "int64") return;
      for (const bound of [type.value.greaterThan, type.value.lessThan]) {
        expect(bound.case).toBeDefined();
        expect(Number.isSafeInteger(Number(bound.value))).toBe(true);
      }
    },
  );

  test.each(table(fields.filter(({ field }) => field.message?.typeName === "google.protobuf.Duration")))(
    "bounds %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(
        type.case === "duration" && type.value.greaterThan.case && type.value.lessThan.case,
      ).toBeTruthy();
    },
  );

  test.each(table(fields.filter(({ field }) => field.enum)))(
    "accepts only known values of %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case === "enum" && (type.value.definedOnly || type.value.in.length > 0)).toBe(true);
    },
  );

  test.each(table(fields.filter(({ field }) => field.fieldKind === "list")))(
    "bounds the list %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case === "repeated" && type.value.maxItems).toBeGreaterThan(0n);
    },
  );

  test("has no map in a request, because map keys have no rule yet", () => {
    expect(fields.filter(({ field }) => field.fieldKind === "map").map(({ name }) => name)).toEqual([]);
  });
});

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

test.each(
  table(fields.filter(({ field }) => field.scalar === ScalarType.STRING && /_ids?$/.test(field.name))),
)("%s is an id in any case", (_name, to) => {
  expect(isUuid(to.field) || kindOf(to.field) === Kind.ACTOR).toBe(true);
  expect(JSON.stringify(send(to, ID.toUpperCase()))).not.toContain(ID.toUpperCase());
});

test.each(ofKind(Kind.ACTOR))("%s may be an actor other than a user", (_name, to) => {
  const actor = `service-account:${ID}`;
  expect(send(to, actor.replace(ID, ID.toUpperCase()))).toEqual(send(to, actor));
  expect(send(to, "command:keys")).toMatchObject({ actorId: "command:keys" });
});

describe("a UUID is accepted in any case, and normalized to lower case", () => {
  test.each(table(requestFields.filter(({ field }) => isUuid(field))))("%s", (_name, to) => {
    for (const sent of [ID.toUpperCase(), "0199C2f0-7d1A-7c3e-9B52-3f1f0c9a4E21"]) {
      expect(refusalOf(to, sent)).toBeUndefined();
      const answer = send(to, sent);
      if (!Array.isArray(answer)) expect(JSON.stringify(answer)).toContain(ID);
    }
    for (const sent of [
      ` ${ID}`,
      `{${ID}}`,
      `urn:uuid:${ID}`,
      ID.replaceAll("-", ""),
      `${ID}0`,
      ID.replace("0", "g"),
    ]) {
      expect([sent, refusalOf(to, sent)]).toEqual([sent, expect.any(String)]);
    }
  });
});

describe("a time outside the years 1900 to 2200 is refused", () => {
  const times = requestFields.filter(({ field }) => field.message?.typeName === "google.protobuf.Timestamp");
  test.each(table(times))("%s", (_name, to) => {
    const given = [
      "0001-01-01T00:00:00Z",
      "1899-12-31T23:59:59Z",
      "2201-01-01T00:00:00Z",
      "9999-12-31T23:59:59.999999999Z",
    ];
    for (const time of given) {
      expect([time, refusalOf(to, time)]).toEqual([time, "must be a time in the years 1900 to 2200"]);
    }
  });
});

describe("what is finer than a millisecond is refused, and never cut off", () => {
  const given = { Timestamp: "2030-01-01T00:00:00", Duration: "600" };
  const typeOf = ({ field }: RequestField) => field.message?.typeName.replace("google.protobuf.", "");
  const chosen = requestFields.filter((to) => (typeOf(to) ?? "") in given);
  test.each(table(chosen))("%s", (_name, to) => {
    const type = typeOf(to) as keyof typeof given;
    const unit = type === "Timestamp" ? "Z" : "s";
    const refusal = (decimals: string) => refusalOf(to, `${given[type]}${decimals}${unit}`);
    for (const decimals of [".0001", ".123456", ".999999999", ".000000001"]) {
      expect([decimals, refusal(decimals)]).toEqual([decimals, "must have at most 3 decimals of a second"]);
    }
    for (const decimals of ["", ".1", ".123", ".123000", ".120000000"]) {
      expect([decimals, refusal(decimals)]).not.toEqual([
        decimals,
        "must have at most 3 decimals of a second",
      ]);
    }
  });
});

describe("an enum's unknown number is refused, even in output-only fields", () => {
  test.each(table(requestFields.filter(({ field }) => field.enum)))("%s", (_name, to) => {
    for (const number of [999, -1])
      expect([number, refusalOf(to, number)]).toEqual([number, expect.any(String)]);
  });
});

describe("a range that ends before it starts is refused", () => {
  const ranges = [...methods.values()].flatMap((method) => {
    if (method.owner === "events") return [];
    const holders = fields.filter((each) => each.method === method);
    return rangesIn(method.input)
      .map(({ start, end }) => ({ method, ways: [[start], [end]] }))
      .concat(
        holders.flatMap(({ field, way }) =>
          field.message && !field.message.typeName.startsWith("google.")
            ? rangesIn(field.message).map(({ start, end }) => ({
                method,
                ways: [
                  [...way, start],
                  [...way, end],
                ],
              }))
            : [],
        ),
      );
  });

  test("occurs often in the contract", () => {
    expect(ranges.length).toBeGreaterThan(5);
  });

  test.each(ranges.map((range) => [`${range.method.name} ${pathOf(range.ways[1]!)}`, range] as const))(
    "%s",
    (_name, { method, ways }) => {
      const values = ways[0]!.at(-1)!.message
        ? ["2030-01-02T00:00:00Z", "2030-01-01T23:59:59.999Z"]
        : ["2030-01-02", "2030-01-01"];
      const both = (from: string, to: string) => {
        const [start, end] = [jsonWith(ways[0]!, from), jsonWith(ways[1]!, to)];
        const json = merged(start, end);
        try {
          validate(method.input, toBinary(method.input, fromJson(method.input, json)));
          return [];
        } catch (error) {
          if (error instanceof ApiError)
            return error.violations.map(({ field, description }) => `${field} ${description}`);
          throw error;
        }
      };
      const violation = `${pathOf(ways[1]!)} must not be before the start of the range`;
      expect(both(values[0]!, values[1]!)).toContain(violation);
      expect(both(values[1]!, values[0]!)).not.toContain(violation);
      expect(both(values[0]!, values[0]!)).not.toContain(violation);
    },
  );
});

/** Two requests' JSON as one. */
function merged(a: JsonValue, b: JsonValue): JsonObject {
  if (Array.isArray(a) && Array.isArray(b)) return [merged(a[0]!, b[0]!)] as never;
  const [left, right] = [a as JsonObject, b as JsonObject];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in left && key in right ? merged(left[key]!, right[key]!) : (left[key] ?? right[key])!,
    ]),
  );
}

describe("invisible characters in a line or a text are refused", () => {
  test.each(ofKind(Kind.NAME, Kind.LINE, Kind.TEXT))("%s", (_name, to) => {
    for (const hidden of [
      "\u0000",
      "\u001b",
      "\u0085",
      "\u200b",
      "\u202e",
      "\u202a",
      "\u2066",
      "\u2028",
      "\u3164",
      "\ufeff",
    ]) {
      const name = `U+${hidden.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
      const description = `must not have the invisible character ${name} (at position 3)`;
      expect([hidden, refusalOf(to, `ab${hidden}cd`)]).toEqual([hidden, description]);
    }
    for (const hidden of ["\u3164", "\u200b", "\u2800", "\u202e"]) {
      expect([hidden, refusalOf(to, hidden)]).toEqual([hidden, expect.any(String)]);
    }
  });

  test.each(ofKind(Kind.NAME, Kind.LINE))("%s is one line", (_name, to) => {
    for (const text of ["ab\ncd", "ab\r\ncd", "ab\tcd", "ab\u200ecd"]) {
      expect([text, refusalOf(to, text)]).toEqual([
        text,
        expect.stringMatching(/^must not have the invisible/),
      ]);
    }
  });
});

const isAsked = ({ field }: RequestField): boolean =>
  (stringRulesOf(field)?.minLen ?? 0n) > 0n || behavesAs(field, FieldBehavior.REQUIRED);

describe("the time to refuse a text is linear in its length", () => {
  // Normalizing these takes minutes: the libraries need quadratic time.
  const LONG = [
    "\u0301\u0316".repeat(200_000),
    `en-${Array.from({ length: 70_000 }, (_, i) => `a${10_000 + i}`).join("-")}`,
  ];
  const looked = fields.filter(
    ({ field }) => ![Kind.KIND_UNSPECIFIED, Kind.VERBATIM].includes(kindOf(field)),
  );
  test.each(table(looked))("%s", (_name, to) => {
    const startedAtMs = performance.now();
    for (const text of LONG) refusalOf(to, text);
    expect(performance.now() - startedAtMs).toBeLessThan(30_000);
  });
});

describe("blanks do not fill a required field", () => {
  const asked = fields.filter(
    (to) =>
      isAsked(to) &&
      to.field.fieldKind === "scalar" &&
      [Kind.NAME, Kind.LINE, Kind.TEXT].includes(kindOf(to.field)),
  );
  // An update may omit fields outside its mask.
  test.each(table(asked.filter(({ method }) => !method.name.startsWith("Update"))))("%s", (_name, to) => {
    for (const blank of [" ", "\n \t", "\u00a0\u3000", "\u2003"]) {
      expect([blank, refusalOf(to, blank)]).toEqual([blank, expect.any(String)]);
    }
  });
});

describe("verbatim text is unchanged", () => {
  test.each(ofKind(Kind.VERBATIM))("%s", (_name, to) => {
    const sent = " e\u0301\u200b\u202e\t\r\n pass\u3164 ";
    expect(refusalOf(to, sent)).toBeUndefined();
    const answer = send(to, sent);
    if (!Array.isArray(answer)) expect(JSON.stringify(answer)).toContain(JSON.stringify(sent).slice(1, -1));
  });
});

describe.each<[string, Kind, Record<string, string>, string[]]>([
  [
    "a time zone",
    Kind.TIME_ZONE,
    {
      "asia/calcutta": "Asia/Kolkata",
      "Europe/Oslo": "Europe/Oslo",
      utc: "UTC",
      "US/Eastern": "America/New_York",
    },
    ["+01:00", "EST", "GMT", "CET", "Mars/Olympus", "Etc/GMT+5", " Europe/Berlin"],
  ],
  [
    "a language",
    Kind.LANGUAGE,
    { EN: "en", "zh-hant-tw": "zh-Hant-TW", "de-ch": "de-CH", iw: "he" },
    ["no_such_tag", "e", "-", "english language", "*"],
  ],
  [
    "a date",
    Kind.DATE,
    { "2028-02-29": "2028-02-29", "1900-01-01": "1900-01-01" },
    [
      "2027-02-29",
      "2027-02-30",
      "2027-13-01",
      "1899-12-31",
      "2201-01-01",
      "2027-2-1",
      "27-02-01",
      "2027-02-01T00:00:00Z",
      "x",
    ],
  ],
  [
    "a region",
    Kind.REGION,
    { DE: "DE", de: "DE", "us-ca": "US-CA", "GB-ENG": "GB-ENG" },
    ["ZZ", "US-ZZ", "USA", "California", "UK", "EU", "US-"],
  ],
  ["a currency", Kind.CURRENCY, { USD: "USD", JPY: "JPY" }, ["ZZZ", "DEM", "usd", "XAU", "XXX", "US", "$"]],
  [
    "an e-mail address",
    Kind.EMAIL,
    {
      "Jo@Example.COM": "jo@example.com",
      " jo@example.com\n": "jo@example.com",
      "jo@exämple.test": "jo@xn--exmple-cua.test",
      "jo@EXÄMPLE.test": "jo@xn--exmple-cua.test",
      "jo@例え.jp": "jo@xn--r8jz45g.jp",
    },
    [],
  ],
])("%s has one form", (_what, kind, good, bad) => {
  test.each(ofKind(kind))("in %s", (_name, to) => {
    for (const [sent, kept] of Object.entries(good)) {
      expect([sent, refusalOf(to, sent)]).toEqual([sent, undefined]);
      const answer = send(to, sent);
      if (!Array.isArray(answer)) expect(JSON.stringify(answer)).toContain(JSON.stringify(kept));
    }
    for (const sent of bad) expect([sent, refusalOf(to, sent)]).toEqual([sent, expect.any(String)]);
  });

  test("is the form of some field", () => {
    expect(ofKind(kind).length).toBeGreaterThan(0);
  });
});

describe("an e-mail address to register", () => {
  const [, to] = ofKind(Kind.EMAIL).find(([name]) => name === "Register email")!;
  test.each([
    "a@localhost",
    "a@b",
    "a@b.",
    "@b.test",
    "a@@b.test",
    "a b@c.test",
    "jo@\u00ad.test",
    "ü@b.test",
    "a@xn--\u200b.test",
  ])("is not %j", (sent) => {
    expect(refusalOf(to, sent)).toEqual(expect.any(String));
  });
});

test("two spellings of one value are a duplicate", () => {
  const languages = fields.find(({ name }) => name === "CreateDoctor languages")!;
  const bytes = (tags: string[]) =>
    toBinary(languages.method.input, fromJson(languages.method.input, { languages: tags }));
  const refused = (tags: string[]) => {
    try {
      validate(languages.method.input, bytes(tags));
    } catch (error) {
      return (error as ApiError).violations.map(({ field }) => field);
    }
    return [];
  };
  expect(refused(["en", "EN"])).toContain("languages");
  expect(refused(["en", "de"])).not.toContain("languages");
});

test("all mistakes are reported at once, each field once", () => {
  const { method } = fields.find(({ name }) => name === "CreateDoctor bio")!;
  const json = { specialty: "a\u0000", timeZone: "EST", licenseNumber: "!", fee: { currencyCode: "zzz" } };
  try {
    validate(method.input, toBinary(method.input, fromJson(method.input, json)));
    throw new Error("taken");
  } catch (error) {
    const named = (error as ApiError).violations.map(({ field }) => field);
    expect(named.toSorted()).toEqual([
      "fee.currency_code",
      "license_number",
      "license_region",
      "specialty",
      "time_zone",
    ]);
  }
});
