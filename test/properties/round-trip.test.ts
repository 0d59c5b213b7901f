import { randomUUID } from "node:crypto";
import { type DescField, type DescMessage, getOption, hasOption, type JsonValue } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Method, methods } from "@medconnect/platform/contract/methods.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { isUuid } from "@medconnect/platform/testing/sent-fields.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Idempotency as Idempotency,
  Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { auditedSince } from "../security/audited.ts";
import { toHttp } from "../security/calls.ts";
import { makeWorld, type World } from "../security/world.ts";
import { logIn } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { sharedStack } from "../support/stack.ts";
import { clientFor, validRequest } from "./valid-requests.ts";

const gateway = new Api(sharedStack().urls.gateway);
let world: World;
beforeAll(async () => {
  world = await makeWorld();
}, 120_000);

const routed = [...methods.values()].filter(({ desc }) => hasOption(desc, http));
const routeOf = ({ desc }: Method) => getOption(desc, http);
const table = (chosen: Method[]) => chosen.map((method) => [method.name, method] as const);

type Forms = Partial<Record<Kind, JsonValue>>;

/**
 * Valid texts that are not in canonical form, by kind of field.
 *
 * @param tag part of an e-mail address, so that it is new
 */
const odd = (tag: string): Forms => ({
  [Kind.NAME]: " Jose\u0301 \u00a0",
  [Kind.LINE]: "\tJose\u0301 ",
  [Kind.TEXT]: " Ein Cafe\u0301,\r\n\tund dann noch zwei Zeilen \u2003",
  [Kind.EMAIL]: ` ${tag}@EXÄMPLE.Test\n`,
  [Kind.TIME_ZONE]: "asia/calcutta",
  [Kind.LANGUAGE]: "DE-ch",
  [Kind.REGION]: "us-ca",
});
const kept = (tag: string): Forms => ({
  [Kind.NAME]: "José",
  [Kind.LINE]: "José",
  [Kind.TEXT]: "Ein Café,\n\tund dann noch zwei Zeilen",
  [Kind.EMAIL]: `${tag}@xn--exmple-cua.test`,
  [Kind.TIME_ZONE]: "Asia/Kolkata",
  [Kind.LANGUAGE]: "de-CH",
  [Kind.REGION]: "US-CA",
});

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;
const inUpperCase = (path: string): string => path.replace(UUID, (id) => id.toUpperCase());

/** The request body with all ids in upper case. */
function withUpperIds(body: Json, { fields }: DescMessage): Json {
  const ids = fields.filter((field) => isUuid(field) && typeof body[field.jsonName] === "string");
  const upper = ids.map(({ jsonName }) => [jsonName, String(body[jsonName]).toUpperCase()]);
  return { ...body, ...Object.fromEntries(upper) };
}

/** Makes a request body with a text of `forms` for each field of the message that clients can set. */
function inForms(forms: Forms, { fields }: DescMessage): Json {
  const settable = fields.filter((field) => !behavesAs(field, FieldBehavior.OUTPUT_ONLY));
  return Object.fromEntries(settable.flatMap((field) => inForm(forms, field)));
}

function inForm(forms: Forms, field: DescField): [string, JsonValue][] {
  if (field.message?.typeName === "medconnect.common.v1.Money") {
    return [[field.jsonName, { currencyCode: "JPY", amountMinor: 0 }]];
  }
  const value = forms[getOption(field, textOption)];
  // Left out, because a scope must be an existing one, so it has only one valid form.
  if (value === undefined || field.name === "scopes") return [];
  return [[field.jsonName, field.fieldKind === "list" ? [value] : value]];
}

/** A valid request for a method: its path and body. */
function requestFor(method: Method): { path: string; body: Json } {
  const { path, body } = toHttp(method, validRequest(method, world));
  return { path, body: body as Json };
}

const bodyMessage = (method: Method): DescMessage =>
  method.input.fields.find((field) => field.name === routeOf(method).body)?.message ?? method.input;

/** Reads the resource to which a response's Location header points. */
async function readAt(location: string, by: Api, made: Json): Promise<Json> {
  const own = location === "/v1/users/me" ? (await logIn(gateway, { email: String(made.email) })).api : by;
  return await own.ok(`GET ${location}`);
}

describe("the response of a creating POST equals GET, is valid input again, and its key covers all forms of the request:", () => {
  const creating = routed.filter(({ rules }) => rules.creates && rules.location !== "");

  test("the contract has such methods", () => {
    expect(creating.length).toBeGreaterThan(8);
  });

  test.each(table(creating))("%s", async (_name, method) => {
    const by = await clientFor(method, world, gateway);
    const { path, body } = requestFor(method);
    const message = bodyMessage(method);
    const make = (key: string, at: string, forms: Json) =>
      by.send(`POST ${at}`, { key, body: { ...body, ...forms } });
    const [key, tag] = [randomUUID(), randomUUID()];
    const made = await make(
      key,
      inUpperCase(path),
      withUpperIds({ ...body, ...inForms(odd(tag), message) }, message),
    );
    expect({ status: made.status, text: made.text }).toEqual({ status: 201, text: made.text });

    const { clientSecret: _toldOnce, ...shown } = made.body;
    const read = await readAt(made.headers.get("location")!, by, shown);
    expect([read, ...Object.values(read).flat()]).toContainEqual(shown);

    if (method.rules.idempotency !== Idempotency.IDEMPOTENCY_UNSPECIFIED) {
      const repeated = await make(key, path, inForms(kept(tag), message));
      expect({ text: repeated.text, replayed: repeated.headers.get("idempotent-replayed") }).toEqual({
        text: made.text,
        replayed: "true",
      });
    }

    const names = message.fields
      .filter(({ name }) => !String(routeOf(method).pattern.value).includes(`{${name}}`))
      .map(({ jsonName }) => jsonName);
    const again = await make(
      randomUUID(),
      path,
      Object.fromEntries(Object.entries(shown).filter(([name]) => names.includes(name))),
    );
    expect(again.status).toBeLessThan(500);
    expect({ status: again.status, text: again.text }).not.toMatchObject({ status: 400 });
  });
});

describe("a PATCH accepts the response of a GET, and changes nothing:", () => {
  const patches = routed.filter((method) => routeOf(method).pattern.case === "patch");

  test.each(table(patches))("%s", async (_name, method) => {
    const by = await clientFor(method, world, gateway);
    const { path } = requestFor(method);
    const changed = await by.ok(`PATCH ${path}`, { body: inForms(odd(randomUUID()), bodyMessage(method)) });
    const read = await by.ok(`GET ${path}`);
    expect(read).toEqual(changed);
    const startTime = new Date();
    const same = await by.send(`PATCH ${path}`, { body: read });
    // The whole response must be equal, including the etag. An update that changes nothing keeps the version.
    expect({ status: same.status, body: same.body }).toEqual({ status: 200, body: read });
    const again = await by.send(`PATCH ${path}`, { body: inForms(odd(randomUUID()), bodyMessage(method)) });
    expect(again.body).toEqual(read);
    expect(await by.ok(`GET ${path}`)).toEqual(read);
    const audited = await auditedSince(startTime);
    expect(audited).not.toContain(`${method.owner} ${method.rules.audit}`);
  });
});
