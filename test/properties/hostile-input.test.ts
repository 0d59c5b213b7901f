import { randomUUID } from "node:crypto";
import {
  create,
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type JsonObject,
  type JsonValue,
  toBinary,
} from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import {
  jsonWith,
  pathOf,
  type RequestField,
  requestFields,
} from "@medconnect/platform/testing/request-fields.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import {
  MethodRules_Access as Access,
  headers as headersOption,
  MethodRules_Role as Role,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Api, type Json } from "../support/api.ts";
import { Grpc, methods as grpcMethods, type ServiceName, serversOf } from "../support/grpc.ts";
import { sharedStack } from "../support/stack.ts";
import { type Cast, makeCast, staySignedIn } from "./cast.ts";
import { hostileJson, hostileMessage } from "./hostile-values.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const clients = Object.fromEntries(
  Object.entries(stack.addresses).map(([name, address]) => [name, new Grpc(address)]),
) as Record<ServiceName, Grpc>;
afterAll(() => {
  for (const client of Object.values(clients)) client.close();
});

let cast: Cast;
beforeAll(async () => {
  cast = await makeCast();
});
beforeEach(() => staySignedIn(cast));

/** A caller that the RPC admits. */
function tokenFor({ rules }: Method): string | undefined {
  if (rules.access === Access.PUBLIC) return undefined;
  const [role = Role.PATIENT] = rules.roles;
  return { [Role.PATIENT]: cast.patient, [Role.DOCTOR]: cast.doctor, [Role.ADMIN]: cast.admin }[
    role as 1 | 2 | 3
  ].token;
}

const OUR_FAULT = ["UNKNOWN", "INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"];

const isFromHeader = (field: DescField): boolean =>
  field.name === "idempotency_key" || getOption(field, headersOption).length > 0;
const isRaw = ({ field }: RequestField): boolean => field.message?.typeName === "google.api.HttpBody";

const outside = requestFields.filter(({ method }) => method.rules.access !== Access.INTERNAL);
const overHttp = outside.filter(
  (each) =>
    hasOption(each.method.desc, http) && !isFromHeader(each.way[0]!) && !isRaw(each) && isSendable(each),
);
const overGrpc = outside.filter((each) => !isRaw(each) && grpcMethods.has(each.method.path));

/** Excludes objects, which a query cannot have. */
function isSendable({ method, way, field }: RequestField): boolean {
  const { body } = getOption(method.desc, http);
  return (
    body === "*" ||
    body === way[0]!.name ||
    !field.message ||
    field.message.typeName.startsWith("google.protobuf.")
  );
}

const table = (fields: readonly RequestField[]) => fields.map((each) => [each.name, each] as const);

describe("hostile values over HTTP are refused with their field's name, or do no harm", () => {
  test.each(table(overHttp))("%s", async (_name, to) => {
    const own = tokenFor(to.method);
    const client = own === undefined ? api : api.as(own);
    const tries = hostileJson(to.field).map(async ({ value, isRefused }) => {
      const { call, body } = toHttp(to.method, jsonWith(to.way, value));
      const answer = await client.send(call, { key: true, ...(body !== undefined && { body }) });
      const seen = { value, status: answer.status, text: answer.text };
      expect({ ...seen, isOurFault: answer.status >= 500 }).toEqual({ ...seen, isOurFault: false });
      if (isRefused)
        expect({ ...seen, named: fieldsOf(answer.body.errors) }).toEqual({
          ...seen,
          named: expect.arrayContaining([clientsName(to)]),
        });
    });
    await Promise.all(tries);
  });
});

describe("hostile values over gRPC are refused with their field's name, or do no harm", () => {
  test.each(table(overGrpc))("%s", async (_name, to) => {
    const method = grpcMethods.get(to.method.path)!;
    const [server] = serversOf(method);
    const own = tokenFor(to.method);
    const tries = hostileMessage(to.field).map(async ({ value, isRefused }) => {
      const message = create(to.method.input, initWith(to.way, value) as never);
      const bytes = Buffer.from(toBinary(to.method.input, message));
      const { name, reason, violations } = await clients[server!].send(
        method,
        bytes,
        own === undefined ? {} : { token: own },
      );
      const seen = { value, name, reason, violations };
      expect({ ...seen, isOurFault: OUR_FAULT.includes(name) }).toEqual({ ...seen, isOurFault: false });
      if (isRefused)
        expect({ ...seen, named: fieldsOf(violations) }).toEqual({
          ...seen,
          named: expect.arrayContaining([pathOf(to.way)]),
        });
    });
    await Promise.all(tries);
  });
});

const fieldsOf = (violations: unknown): string[] =>
  ((violations ?? []) as Json[]).map(({ field }) => String(field));

/** The path without the field that the body stands for. */
function clientsName({ method, way }: RequestField): string {
  const { body } = getOption(method.desc, http);
  return pathOf(way[0]!.name === body ? way.slice(1) : way, "jsonName");
}

/** The request by its route, with unknown ids in the path. */
function toHttp({ desc }: Method, request: JsonObject): { call: string; body: JsonValue | undefined } {
  const { pattern, body: bodyField } = getOption(desc, http);
  const rest = { ...request };
  const path = String(pattern.value).replace(/\{(\w+)\}/g, (_, name: string) => {
    const jsonName = desc.input.fields.find((field) => field.name === name)!.jsonName;
    const value = rest[jsonName] ?? (name === "provider" ? "stub" : randomUUID());
    delete rest[jsonName];
    return encodeURIComponent(String(value));
  });
  const bodyName = desc.input.fields.find((field) => field.name === bodyField)?.jsonName;
  const body = bodyField === "*" ? rest : bodyName === undefined ? undefined : (rest[bodyName] ?? {});
  if (bodyName !== undefined) delete rest[bodyName];
  const query = new URLSearchParams();
  for (const [name, value] of bodyField === "*" ? [] : Object.entries(rest)) {
    for (const each of [value].flat()) query.append(name, String(each));
  }
  const search = query.size > 0 ? `?${query}` : "";
  return {
    call: `${pattern.case!.toUpperCase()} ${path}${search}`,
    body: pattern.case === "get" || pattern.case === "delete" ? undefined : body,
  };
}

/** A message's fields for protobuf-es, with only this value at the end of the path. */
function initWith([field, ...rest]: readonly DescField[], value: unknown): Json {
  const inner =
    rest.length > 0 ? create(field!.message as DescMessage, initWith(rest, value) as never) : value;
  const set = field!.fieldKind === "list" ? [inner] : inner;
  return field!.oneof
    ? { [field!.oneof.localName]: { case: field!.localName, value: set } }
    : { [field!.localName]: set };
}
