import { describe, expect, test } from "@jest/globals";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import { Text_Kind as Kind } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { RequestField } from "../testing/request-fields.ts";
import { fields, kindOf, ofKind, refusalOf, send, table } from "../testing/sent-fields.ts";
import { stringRulesOf } from "./field-rules.ts";
import { behavesAs } from "./resource.ts";

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
  // Normalizing these texts would take minutes, because the libraries take quadratic time.
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
  // Omits Update requests, because fields that the update mask does not name may be empty.
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
])("%s has one canonical form", (_what, kind, good, bad) => {
  test.each(ofKind(kind))("in %s", (_name, to) => {
    for (const [sent, kept] of Object.entries(good)) {
      expect([sent, refusalOf(to, sent)]).toEqual([sent, undefined]);
      const answer = send(to, sent);
      if (!Array.isArray(answer)) expect(JSON.stringify(answer)).toContain(JSON.stringify(kept));
    }
    for (const sent of bad) expect([sent, refusalOf(to, sent)]).toEqual([sent, expect.any(String)]);
  });

  test("is the kind of at least one field", () => {
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
  ])("must not be %j", (sent) => {
    expect(refusalOf(to, sent)).toEqual(expect.any(String));
  });
});
