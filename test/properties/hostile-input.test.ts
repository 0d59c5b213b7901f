import { randomUUID } from "node:crypto";
import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  hasOption,
  toBinary,
} from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  jsonWith,
  pathOf,
  type RequestField,
  requestFields,
} from "@medconnect/platform/testing/request-fields.ts";
import { isOutputOnly } from "@medconnect/platform/testing/sent-fields.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { headers as headersOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { clientOf, closeClients, toHttp } from "../security/calls.ts";
import { makeWorld, type World } from "../security/world.ts";
import { Api, type Json } from "../support/api.ts";
import { methods as grpcMethods } from "../support/grpc.ts";
import { sharedStack } from "../support/stack.ts";
import { type SignedIn, staySignedIn } from "./cast.ts";
import { hostileJson, hostileMessage } from "./hostile-values.ts";
import { assertGrpcRefusal, assertHttpRefusal } from "./refusals.ts";
import { clientFor, requestAround, serverOf } from "./valid-requests.ts";

const api = new Api(sharedStack().urls.gateway);
let world: World;
let cast: SignedIn;
beforeAll(async () => {
  world = await makeWorld();
  cast = { ...world.mine, admin: world.admin, signedInAtMs: Date.now() };
});
beforeEach(() => staySignedIn(cast));
afterAll(closeClients);

const isFromHeader = (field: DescField): boolean =>
  field.name === "idempotency_key" || getOption(field, headersOption).length > 0;
const isRaw = ({ field }: RequestField): boolean => field.message?.typeName === "google.api.HttpBody";

/**
 * True for fields of events. Consumers do not check the texts of events again, because the API checked them
 * when a user entered them.
 */
const isFact = ({ method, field }: RequestField): boolean => method.owner === "events" && !field.message;

const typed = requestFields.filter((each) => !isRaw(each));
const overHttp = typed.filter(
  (each) => hasOption(each.method.desc, http) && !isFromHeader(each.way[0]!) && isSendable(each),
);
const overGrpc = typed.filter((each) => grpcMethods.has(each.method.path));

/** False for fields of forms, which contain text only, and for an object in a query parameter. */
function isSendable({ method, way, field }: RequestField): boolean {
  if (method.rules.oauth) return false;
  const { body } = getOption(method.desc, http);
  return (
    body === "*" ||
    body === way[0]!.name ||
    !field.message ||
    field.message.typeName.startsWith("google.protobuf.")
  );
}

const table = (fields: readonly RequestField[]) => fields.map((each) => [each.name, each] as const);

describe("over HTTP, a hostile value in an otherwise valid request is refused with its field's name, or harmless", () => {
  test.each(table(overHttp))("%s", async (_name, to) => {
    const client = await clientFor(to.method, world, api);
    const tries = hostileJson(to.field).map(async ({ value, isRefused }) => {
      const request = jsonWith(to.way, value, requestAround(to, world));
      const { verb, path, query, headers, body } = toHttp(to.method, request);
      const sent = { key: true as const, headers, ...(body !== undefined && { body }) };
      const answer = await client.send(`${verb} ${path}${query}`, sent);
      const seen = { value, status: answer.status, text: answer.text };
      if (answer.status >= 400) assertHttpRefusal(answer.status, answer.text, { value });
      if (isOutputOnly(to)) expect(seen).toMatchObject({ status: to.method.rules.creates ? 201 : 200 });
      else if (isRefused)
        expect({ ...seen, named: mistakenFields(answer.body.errors) }).toEqual({
          ...seen,
          named: [clientsName(to)],
        });
    });
    await Promise.all(tries);
  });
});

describe("over gRPC, a hostile value in an otherwise valid request is refused with its field's name, or harmless", () => {
  test.each(table(overGrpc))("%s", async (_name, to) => {
    const { input, path } = to.method;
    const method = grpcMethods.get(path)!;
    const { token } = await clientFor(to.method, world, api);
    const tries = hostileMessage(to.field).map(async ({ value, isRefused }) => {
      const key = input.field.idempotencyKey && { idempotencyKey: randomUUID() };
      const message = fromJson(input, { ...requestAround(to, world), ...key });
      place(message as unknown as Json, to.way, value);
      const reply = await clientOf(serverOf(to.method)).send(
        method,
        Buffer.from(toBinary(input, message)),
        token === undefined ? {} : { token },
      );
      const { name, reason, violations } = reply;
      const seen = { value, name, reason, violations };
      if (name !== "OK") assertGrpcRefusal(reply, { value });
      if (isRefused && !isFact(to) && !isOutputOnly(to))
        expect({ ...seen, named: mistakenFields(violations) }).toEqual({ ...seen, named: [pathOf(to.way)] });
    });
    await Promise.all(tries);
  });
});

/**
 * Names of the fields that a response reports as invalid. If the hostile value is the start of a range, the
 * end may be reported as earlier than the start. This report is left out, and so are those about the whole
 * request, because the value may break a rule over several fields, too.
 */
const mistakenFields = (violations: unknown): string[] =>
  ((violations ?? []) as Json[])
    .filter(({ description }) => description !== "must not be before the start of the range")
    .filter(({ field }, _index, all) => field !== "" || all.length === 1)
    .map(({ field }) => String(field));

/** Path of the field as HTTP clients see it. If a field is the whole body, the path omits its name. */
function clientsName({ method, way }: RequestField): string {
  const { body } = getOption(method.desc, http);
  return pathOf(way[0]!.name === body ? way.slice(1) : way, "jsonName");
}

/**
 * Sets the value of the last field of a path, through nested messages. If that field is a list, the value
 * becomes its only item.
 */
function place(message: Json, [field, ...rest]: readonly DescField[], value: unknown): void {
  const { localName, oneof, fieldKind } = field!;
  const chosen = oneof && (message[oneof.localName] as { case?: string; value?: unknown });
  const before = oneof ? chosen!.case === localName && chosen!.value : message[localName];
  let inner = value;
  if (rest.length > 0) {
    const [item] = [before].flat();
    inner = item || create(field!.message as DescMessage);
    place(inner as Json, rest, value);
  }
  const set = fieldKind === "list" ? [inner] : inner;
  if (oneof) message[oneof.localName] = { case: localName, value: set };
  else message[localName] = set;
}
