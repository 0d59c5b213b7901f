import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { operationIdOf } from "@medconnect/gateway/openapi/operation.ts";
import { type Route, routerOf } from "@medconnect/gateway/rpc/routes.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { encodeRequest } from "@medconnect/gateway/transcoding/request.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import fc from "fast-check";
import { Client } from "./client.ts";
import * as rpcs from "./gen/rpcs.ts";
import type { Rpc } from "./rpc.ts";

const ORIGIN = "https://api.example.org";
const KEY = "k1";
const RUNS = 25;

const router = routerOf(contractRoutes);
const rpcOf = (route: Route) =>
  (rpcs as unknown as Record<string, Rpc<JsonObject, unknown>>)[operationIdOf(route.method)]!;

/** Any value of a field, in JSON. */
function anyValueOf(field: DescField): fc.Arbitrary<JsonValue> {
  if (field.fieldKind === "list") return fc.array(anyItemOf(field), { minLength: 1, maxLength: 3 });
  return anyItemOf(field);
}

function anyItemOf({ message, enum: values, scalar }: DescField): fc.Arbitrary<JsonValue> {
  if (values)
    return fc.constantFrom(...values.values.filter(({ number }) => number > 0).map(({ name }) => name));
  if (message?.typeName === "google.protobuf.Timestamp") {
    const from = { min: new Date("1900-01-01"), max: new Date("2200-01-01"), noInvalidDate: true };
    return fc.date(from).map((date) => date.toISOString());
  }
  if (message?.typeName === "google.protobuf.Duration") return fc.nat(1000).map((seconds) => `${seconds}s`);
  if (message?.typeName === "google.protobuf.FieldMask") return fc.constant("");
  if (message) return anyMessageOf(message, message.fields);
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.oneof(
        fc.string({ minLength: 1, unit: "grapheme" }),
        fc.constantFrom("a&b=c", "é/?#%+ ü", "\n"),
      );
    case ScalarType.INT64:
      return fc.bigInt({ min: 0n, max: 2n ** 60n }).map(String);
    default:
      return fc.nat(1000);
  }
}

/** Any message with some of these fields, and at most one of each oneof. */
function anyMessageOf({ oneofs }: DescMessage, chosen: readonly DescField[]): fc.Arbitrary<JsonObject> {
  const settable = chosen.filter(
    (field) => !behavesAs(field, FieldBehavior.OUTPUT_ONLY) && field.name !== "etag",
  );
  const entries = settable.map((field) => [field.jsonName, anyValueOf(field)] as const);
  return fc.record(Object.fromEntries(entries), { requiredKeys: [] }).map((fields) => {
    const message = fields as JsonObject;
    for (const { fields: alternatives } of oneofs) {
      const given = alternatives.filter(({ jsonName }) => jsonName in message);
      for (const { jsonName } of given.slice(1)) delete message[jsonName];
    }
    return message;
  });
}

/** Any request of a route, in the JSON form of its message. Variables of the path are ids. */
function anyRequestOf({ method, binding }: Route): fc.Arbitrary<JsonObject> {
  const { idempotencyKey, headers, variables, body } = binding;
  const inPath = variables.map(([field]) => field);
  const others = method.input.fields.filter(
    (field) =>
      field !== idempotencyKey &&
      !headers.some((header) => header.field === field) &&
      !inPath.includes(field),
  );
  const ids = Object.fromEntries(inPath.map((field) => [field!.jsonName, fc.uuid()]));
  return fc.tuple(anyMessageOf(method.input, others), fc.record(ids)).map(([message, path]) => ({
    ...(typeof body === "object" && { [body.jsonName]: {} }),
    ...message,
    ...path,
  }));
}

/** Sends a request with the client, and reads it as the gateway does. @returns the route and the message */
async function throughGateway(route: Route, request: JsonObject) {
  const sent = Promise.withResolvers<[string, RequestInit]>();
  const client = new Client({
    baseUrl: ORIGIN,
    fetch: async (...args) => {
      sent.resolve(args);
      return Response.json({});
    },
  });
  await client.call(rpcOf(route), request, { idempotencyKey: KEY });
  const [url, { method = "", headers, body }] = await sent.promise;
  const [path = "", query = ""] = url.slice(ORIGIN.length).split("?");
  const incoming = new IncomingMessage(new Socket());
  for (const [name, value] of Object.entries(headers as Record<string, string>)) {
    incoming.headers[name.toLowerCase()] = value;
    incoming.headersDistinct[name.toLowerCase()] = [value];
  }
  const { targets, values } = router.match(path)!;
  const target = targets.get(method)!;
  const parts = { request: incoming, values, query, body: Buffer.from((body as string | undefined) ?? "") };
  const { input } = target.binding;
  return {
    target,
    message: toJson(input, fromBinary(input, encodeRequest(target.binding, parts).message)) as JsonObject,
  };
}

const names = contractRoutes.map((route) => [operationIdOf(route.method), route] as const);

test.each(names.filter(([, { binding }]) => !binding.takesRawBody))(
  "the gateway reads any request of %s as it was meant",
  async (_name, route) => {
    const { idempotencyKey, updateMask, input } = route.binding;
    const key = idempotencyKey && rpcOf(route).takesKey ? { [idempotencyKey.jsonName]: KEY } : {};
    await fc.assert(
      fc.asyncProperty(anyRequestOf(route), async (request) => {
        const { target, message } = await throughGateway(route, request);
        const expected = toJson(input, fromJson(input, { ...request, ...key })) as JsonObject;
        // Without a mask, the gateway names the fields that the resource has.
        if (updateMask) for (const each of [message, expected]) delete each[updateMask.jsonName];
        expect(target).toBe(route);
        expect(message).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  },
);

test("there is an RPC for each route, and no other", () => {
  expect(Object.keys(rpcs).sort()).toEqual(names.map(([name]) => name).sort());
});
