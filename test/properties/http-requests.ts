import fc, { type Arbitrary } from "fast-check";
import { junkBytes, junkJson, junkNumber, junkText, junkTime } from "./junk.ts";
import type { ApiDescription, Operation, Schema } from "./openapi.ts";

export interface JunkRequest {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

type Ids = Record<string, string[]>;

/** Random requests for one operation: some are almost valid, others are junk. */
export function requestsFor(api: ApiDescription, operation: Operation, ids: Ids): Arbitrary<JunkRequest> {
  return fc.record({
    method: fc.constant(operation.method),
    target: targets(operation, ids),
    headers: headers(operation),
    body: operation.body ? bodies(api, operation.body, ids, operation.takesForm) : fc.constant(undefined),
  });
}

function targets({ path, query }: Operation, ids: Ids): Arbitrary<string> {
  const parts = path.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return fc.constant(part);
    return often(fc.constantFrom(...(ids[part] ?? ["missing"])), fc.oneof(encoded, rawSegment));
  });
  const pairs = Object.entries(query).map(([name, { format, enum: names }]) =>
    fc.tuple(fc.constant(name), queryValue(ids[name], format, names)),
  );
  const unknown = fc.tuple(encoded, encoded);
  const search = fc
    .array(pairs.length > 0 ? often(fc.oneof(...pairs), unknown) : unknown, { maxLength: 4 })
    .map((all) => all.map(([name, value]) => `${name}=${value}`).join("&"));
  const withQuery = fc.tuple(fc.tuple(...parts), search).map(([texts, text]) => `${texts.join("")}?${text}`);
  return pairs.length > 0
    ? often(withQuery, withQuery)
    : often(
        fc.tuple(...parts).map((all) => all.join("")),
        withQuery,
      );
}

const encoded = junkText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3000));
/** Path segments that are unusual, or whose percent-encoding is invalid. */
const rawSegment = fc.constantFrom(
  "%",
  "%zz",
  "%ff",
  "%00",
  "%2F..%2F",
  ".",
  "..",
  ":cancel",
  "a:b:c",
  "%3Acancel",
);

function queryValue(ids: string[] = [], format = "", names: string[] = []): Arbitrary<string> {
  const fitting = [
    ...(ids.length > 0 ? [fc.constantFrom(...ids)] : []),
    ...(names.length > 0 ? [fc.constantFrom(...names, "0", "1", "-1", "999")] : []),
    ...(format === "date-time" ? [junkTime] : []),
    fc.oneof(junkNumber.map(String), fc.constantFrom("1", "100", "true", "")),
  ];
  return often(fc.oneof(...fitting).map(encodeURIComponent), encoded);
}

function headers({ body, takesForm }: Operation): Arbitrary<Record<string, string>> {
  const printable = fc
    .string({ unit: "binary-ascii", maxLength: 300 })
    .map((text) => text.replace(/[^ -~]/g, "?"));
  const junk = fc.record(
    {
      "idempotency-key": often(fc.uuid(), printable),
      "if-match": printable,
      "x-request-id": printable,
      traceparent: fc.constantFrom("00-0-0-00", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, "ff"),
      accept: fc.constantFrom("text/html", "*/*", ""),
      "x-forwarded-for": fc.constantFrom("1.2.3.4", "::1, junk", "' OR 1=1"),
    },
    { requiredKeys: [] },
  );
  const [right, wrong] = takesForm ? [FORM, "application/json"] : ["application/json", FORM];
  const media = often(
    fc.constantFrom(right, `${right}; charset=utf-8`),
    fc.constantFrom("text/plain", `${right}; charset=utf-16`, "", wrong),
  );
  return body ? fc.tuple(junk, media).map(([some, type]) => ({ ...some, "content-type": type })) : junk;
}

const FORM = "application/x-www-form-urlencoded";

function bodies(api: ApiDescription, schema: Schema, ids: Ids, takesForm: boolean): Arbitrary<Buffer> {
  const text = (json: unknown) => Buffer.from((takesForm ? formOf(json) : JSON.stringify(json)) ?? "");
  const malformed = fc.constantFrom(
    "{",
    "",
    "nul",
    '{"a":1,"a":2}',
    "[".repeat(20_000),
    '{"a":01}',
    '{"\\ud800":1}',
  );
  return fc.oneof(
    { weight: 6, arbitrary: near(api, schema, ids, "").map(text) },
    { weight: 1, arbitrary: junkJson.map(text) },
    { weight: 1, arbitrary: malformed.map((json) => Buffer.from(json)) },
    { weight: 1, arbitrary: junkBytes },
  );
}

/** Encodes the members of a JSON value as a form; other values as they are. */
const formOf = (json: unknown): string =>
  typeof json === "object" && json !== null
    ? Object.entries(json)
        .map((pair) => pair.map((text) => encodeURIComponent(String(text).toWellFormed())).join("="))
        .join("&")
    : String(json);

/** Random values that almost match a schema. */
function near(api: ApiDescription, given: Schema, ids: Ids, name: string): Arbitrary<unknown> {
  const schema = api.resolve(given);
  const known = ids[name];
  if (known) return often(fc.constantFrom(...known), junkJson);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return fc.oneof(...choices.map((choice) => near(api, choice, ids, name)));
  if (schema.enum) return often(fc.constantFrom(...schema.enum), junkJson);
  if (schema.properties) {
    const entries = Object.entries(schema.properties);
    const fields = entries.map(([field, inner]) => [field, near(api, inner, ids, field)] as const);
    const object = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
    const unknown = fc
      .tuple(object, junkText, junkJson)
      .map(([some, key, value]) => ({ ...some, [key]: value }));
    return fc.oneof({ weight: 8, arbitrary: object }, { weight: 1, arbitrary: unknown });
  }
  if (schema.items) {
    return often(fc.array(near(api, schema.items, ids, name), { maxLength: 4 }), junkJson);
  }
  return often(scalar(schema, name), junkJson);
}

function scalar({ type, format }: Schema, name: string): Arbitrary<unknown> {
  if (format === "date-time") return often(soon, junkTime);
  if (type === "boolean") return fc.boolean();
  if (type === "integer" || type === "number") return junkNumber;
  if (name === "email") return fc.oneof(fc.emailAddress(), junkText);
  return junkText;
}

const soon = fc
  .integer({ min: -1000, max: 100_000 })
  .map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString());

/** Generates mostly values of `usual`, and in one of five cases a value of `odd`. */
function often<A, B>(usual: Arbitrary<A>, odd: Arbitrary<B>): Arbitrary<A | B> {
  return fc.oneof<[{ weight: number; arbitrary: Arbitrary<A> }, { weight: number; arbitrary: Arbitrary<B> }]>(
    { weight: 4, arbitrary: usual },
    { weight: 1, arbitrary: odd },
  ) as Arbitrary<A | B>;
}
