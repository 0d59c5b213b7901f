import fc, { type Arbitrary } from "fast-check";

/** Seed of the random requests. A failed test prints it. To repeat the run, set JUNK_SEED to it. */
export const SEED = Number(process.env.JUNK_SEED ?? Date.now() % 2 ** 31);

/** Random texts, of kinds that have broken other programs. */
export const junkText: Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "null",
    "NaN",
    "-0",
    "1e309",
    "\ud800",
    "a\udc00b",
    "\u202e\u0007",
    "$\u007bjndi:ldap://x}",
    "' OR 1=1 -- ",
    "../../etc/passwd",
    "__proto__",
    "%00",
    "00000000-0000-0000-0000-000000000000",
    "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e2",
    "0199C2F0-7D1A-7C3E-9B52-3F1F0C9A4E21",
    "AAAA",
    "eyJhbGciOiJub25lIn0.e30.",
    "x".repeat(5000),
    "é".repeat(300),
  ),
);

/** Times at and beyond the limits of clocks, databases and protobuf. */
export const junkTime: Arbitrary<string> = fc.constantFrom(
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999Z",
  "0000-01-01T00:00:00Z",
  "10000-01-01T00:00:00Z",
  "-271821-04-20T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "1969-12-31T23:59:59.999Z",
  "2016-12-31T23:59:60Z",
  "2026-02-30T10:00:00Z",
  "2026-03-01T24:00:00Z",
  "2026-03-01T10:00:00",
  "2026-03-01 10:00:00Z",
  "2026-03-01T10:00:00+23:59",
  "2038-01-19T03:14:08Z",
);

export const junkNumber: Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const nested = (depth: number): unknown => (depth === 0 ? {} : { a: [nested(depth - 1)] });

/** Random JSON values, and texts that look like one. */
export const junkJson: Arbitrary<unknown> = fc.oneof(
  junkText,
  junkTime,
  junkNumber,
  fc.constantFrom(null, true, false, [], {}, [null], { "": "" }, nested(40), nested(1000)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.bigInt().map(String),
);

export const junkBytes: Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 200 })
  .map((bytes) => Buffer.from(bytes));
