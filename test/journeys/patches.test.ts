import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { ZONES } from "@medconnect/platform/i18n/time-zones/time-zone-table.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  Text_Kind as Kind,
  MethodRules_Role as Role,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const WRITES_OF_A_FIELD = 6;
const RIVALS = 12;
const api = new Api(sharedStack().urls.gateway);

const routeOf = ({ desc }: Method) => getOption(desc, http);
const patches = [...methods.values()].filter(
  ({ desc }) => hasOption(desc, http) && getOption(desc, http).pattern.case === "patch",
);

const ZONE_NAMES = ZONES.trim().split(/\s+/);
const REGIONS = [
  "AT",
  "BE",
  "CH",
  "DE",
  "DK",
  "ES",
  "FI",
  "FR",
  "GB",
  "GR",
  "IE",
  "IT",
  "NL",
  "NO",
  "PL",
  "PT",
  "SE",
  "US",
];
const LANGUAGES = [
  "ar",
  "bg",
  "cs",
  "da",
  "de",
  "el",
  "en",
  "es",
  "et",
  "fi",
  "fr",
  "hr",
  "hu",
  "it",
  "lt",
  "nl",
  "pl",
  "pt",
];

/**
 * Functions that make a valid text, another one for each write. The key is a kind of text field, or the name
 * of a field with a pattern.
 */
const TEXTS: Partial<Record<Kind | string, (write: number) => string>> = {
  [Kind.NAME]: (write) => `Paula ${write}`,
  [Kind.LINE]: (write) => `Line ${write}`,
  [Kind.TEXT]: (write) => `First line ${write}\nSecond line`,
  [Kind.DATE]: (write) => `1980-01-${10 + write}`,
  [Kind.TIME_ZONE]: (write) => ZONE_NAMES[write]!,
  [Kind.LANGUAGE]: (write) => LANGUAGES[write]!,
  [Kind.REGION]: (write) => REGIONS[write]!,
  phone: (write) => `+4930123456${10 + write}`,
};

/** Value that a field gets in a write. Each write has another number, and so another value. */
function sample(field: DescField, write: number): unknown {
  if (field.message?.typeName === "medconnect.common.v1.Money")
    return { currencyCode: "USD", amountMinor: `${1000 + write}` };
  const text = TEXTS[getOption(field, textOption) || field.name];
  if (!text) throw new Error(`Add values for ${field} to this file.`);
  return field.fieldKind === "list" ? [text(write)] : text(write);
}

/** Creates an account with a resource that the method can change. */
const ownerFor = async ({ rules }: Method): Promise<Account> =>
  rules.roles[0] === Role.DOCTOR ? await openPractice(api) : await signUp(api, "PATIENT");

test("the contract has methods that change resources", () => {
  expect(patches.length).toBeGreaterThanOrEqual(2);
});

describe.each(patches.map((method) => [method.name, method] as const))("%s", (_name, method) => {
  const { pattern, body } = routeOf(method);
  const resource = method.input.fields.find(({ name }) => name === body)!.message!;
  const fields = resource.fields.filter(
    (field) =>
      field.name !== "etag" &&
      !behavesAs(field, FieldBehavior.OUTPUT_ONLY) &&
      !behavesAs(field, FieldBehavior.IMMUTABLE),
  );
  let owner: Account;
  let path: string;

  beforeAll(async () => {
    owner = await ownerFor(method);
    path = String(pattern.value).replace(/\{\w+\}/g, owner.id);
  });

  const patch = (field: DescField, write: number, etag?: unknown) =>
    owner.api.send(`PATCH ${path}?updateMask=${field.jsonName}`, {
      body: { [field.jsonName]: sample(field, write), etag },
    });

  test("each field takes its value, and the response equals GET's", async () => {
    for (const field of fields) {
      const patched = await patch(field, WRITES_OF_A_FIELD);
      expect(patched.body).toMatchObject({ [field.jsonName]: sample(field, WRITES_OF_A_FIELD) });
      expect(await owner.api.ok(`GET ${path}`)).toEqual(patched.body as Json);
    }
  });

  const outputOnly = resource.fields.filter((field) => behavesAs(field, FieldBehavior.OUTPUT_ONLY));

  test("an output-only field cannot be named in a mask", async () => {
    for (const { jsonName } of outputOnly) {
      const answer = await owner.api.send(`PATCH ${path}?updateMask=${jsonName}`, { body: {} });
      expect(answer.status).toBe(400);
      expect(answer.body.detail).toBe(`updateMask: \`${jsonName}\` is output only; leave it out`);
    }
  });

  test("an unknown field of a mask gets the name that was meant", async () => {
    for (const { jsonName } of fields) {
      const answer = await owner.api.send(`PATCH ${path}?updateMask=${jsonName}x`, { body: {} });
      expect(answer.status).toBe(400);
      expect(answer.body.detail).toContain(`; did you mean \`${jsonName}\`?`);
    }
  });

  test("an immutable field cannot get another value", async () => {
    for (const field of resource.fields.filter((each) => behavesAs(each, FieldBehavior.IMMUTABLE))) {
      const answer = await patch(field, 0);
      expect(refusal(answer)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
    }
  });

  test("output-only fields are ignored, and named if they have other values", async () => {
    const before = await owner.api.ok(`GET ${path}`);
    const unchanged = await owner.api.send(`PATCH ${path}`, { body: before });
    expect([unchanged.status, unchanged.headers.get("x-ignored-fields")]).toEqual([200, null]);
    const body = Object.fromEntries(outputOnly.map(({ jsonName }) => [jsonName, "another value"]));
    const ignored = await owner.api.send(`PATCH ${path}`, { body });
    expect(ignored.headers.get("x-ignored-fields")?.split(", ").toSorted()).toEqual(
      Object.keys(body).toSorted(),
    );
    expect(ignored.body).toEqual(unchanged.body);
  });

  test("a patch that changes nothing keeps the ETag", async () => {
    const before = await owner.api.send(`GET ${path}`);
    const etag = before.headers.get("etag");
    for (const body of [{}, before.body]) {
      const answer = await owner.api.send(`PATCH ${path}`, { body });
      expect([answer.status, answer.headers.get("etag")]).toEqual([200, etag]);
    }
    for (const { jsonName } of fields) {
      const body = { [jsonName]: before.body[jsonName] };
      const answer = await owner.api.send(`PATCH ${path}?updateMask=${jsonName}`, { body });
      expect([answer.status, answer.headers.get("etag")]).toEqual([200, etag]);
    }
  });

  test("without an etag, all concurrent writes succeed, and each field has one of the written values", async () => {
    const writes = fields.flatMap((field) =>
      Array.from({ length: WRITES_OF_A_FIELD }, (_, write) => [field, write] as const),
    );
    const answers = await Promise.all(writes.map(([field, write]) => patch(field, write)));
    expect(answers.map(({ status }) => status)).toEqual(writes.map(() => 200));
    const after = await owner.api.ok(`GET ${path}`);
    for (const field of fields) {
      const written = writes.filter(([name]) => name === field).map(([, write]) => sample(field, write));
      expect(written).toContainEqual(after[field.jsonName]);
    }
  });

  test("with one etag, one of many concurrent writes succeeds, and the others get 412", async () => {
    const { etag } = await owner.api.ok(`GET ${path}`);
    // These writes set new values, because a write that changes nothing keeps the version.
    const rivals = Array.from({ length: RIVALS }, (_, write) => WRITES_OF_A_FIELD + write);
    const answers = await Promise.all(rivals.map((write) => patch(fields[0]!, write, etag)));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...rivals.slice(1).map(() => 412)]);
  });

  test("If-Match works beside the body's etag, and takes a list", async () => {
    const { etag } = await owner.api.ok(`GET ${path}`);
    const fresh = await patch(fields[0]!, 0);
    expect(fresh.status).toBe(200);
    const send = (ifMatch: string, body: Json = {}) =>
      owner.api.send(`PATCH ${path}`, { body, headers: { "if-match": ifMatch } });
    const current = `"${fresh.body.etag}"`;
    expect((await send(current, { etag })).status).toBe(412);
    expect((await send(`"${etag}"`)).status).toBe(412);
    expect((await send(`W/${current}`)).status).toBe(412);
    const kept = await send(`"${etag}", ${current}`, { etag: fresh.body.etag });
    expect({ status: kept.status, body: kept.body }).toEqual({ status: 200, body: fresh.body });
  });
});
