import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { create, fromBinary, type JsonObject, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "@jest/globals";
import { messageNamed } from "@medconnect/platform/contract/registry.ts";
import { HttpBodySchema } from "@medconnect/proto/es/google/api/httpbody_pb.js";
import { parsePathTemplate } from "../routing/http-rule.ts";
import { routeNamed } from "../testing/routes.ts";
import { testMessage } from "../testing/test-contract.ts";
import { bindRequest } from "./binding.ts";
import { encodeRequest } from "./request.ts";
import { answerEncoderFor } from "./response.ts";

interface Sent {
  values?: string[];
  query?: string;
  content?: string;
}

function encode(
  name: string,
  path: string,
  body: string,
  { values = [], query = "", content = "" }: Sent,
): JsonValue {
  const input = testMessage(name);
  const http = { httpMethod: "POST", template: parsePathTemplate(path), body };
  const binding = bindRequest(input, http, { oauth: false });
  const request = new IncomingMessage(new Socket());
  request.headers["content-type"] = "application/x-provider";
  const { message: bytes } = encodeRequest(binding, { request, values, query, body: Buffer.from(content) });
  return toJson(input, fromBinary(input, bytes));
}

test("a raw body reaches the service unchanged, with its media type", () => {
  expect(
    encode("Webhook", "/v1/webhooks/{provider}", "payload", { values: ["acme"], content: "{not json" }),
  ).toEqual({
    provider: "acme",
    payload: { contentType: "application/x-provider", data: Buffer.from("{not json").toString("base64") },
  });
});

test.each([
  [{ "stripe-signature": "t=1,v1=a" }, "t=1,v1=a"],
  [{ "stub-signature": "t=2,v1=b" }, "t=2,v1=b"],
  [{ "stub-signature": "later", "stripe-signature": "first" }, "first"],
  [{}, undefined],
])("the first of its headers fills a field: %j", (headers, signature) => {
  const { binding } = routeNamed("ReceiveWebhook");
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  const parts = { request, values: ["stripe"], query: "", body: Buffer.from("{}") };
  const json = toJson(
    binding.input,
    fromBinary(binding.input, encodeRequest(binding, parts).message),
  ) as JsonObject;
  expect(json.signature).toBe(signature);
  expect(() => encodeRequest(binding, { ...parts, query: "signature=mine" })).toThrow(
    expect.objectContaining({ reason: "INVALID_REQUEST" }),
  );
});

test("a raw answer without a media type has that of its method", () => {
  const bytes = toBinary(HttpBodySchema, create(HttpBodySchema, { data: Buffer.from("{}") }));
  const { headers } = answerEncoderFor(routeNamed("ExportAuditEvents").method)(bytes, new Metadata());
  expect(headers).toEqual({ "content-type": "application/x-ndjson" });
});

test("a raw answer reaches the client unchanged, with its media type", () => {
  const method = { ...routeNamed("GetBooking").method, output: messageNamed("google.api.HttpBody") };
  const bytes = toBinary(
    HttpBodySchema,
    create(HttpBodySchema, { contentType: "text/calendar", data: Buffer.from("X") }),
  );
  const { status, headers, body } = answerEncoderFor(method)(bytes, new Metadata());
  expect([status, headers, Buffer.from(body).toString()]).toEqual([
    200,
    { "content-type": "text/calendar" },
    "X",
  ]);
});

test("a variable can fill a nested field, which the body then cannot set", () => {
  const path = "/v1/things/{inner.id}";
  expect(encode("Thing", path, "inner", { values: ["i1"], content: '{"name":"n"}' })).toEqual({
    inner: { id: "i1", name: "n" },
  });
  expect(() => encode("Thing", path, "inner", { values: ["i1"], content: '{"id":"i2"}' })).toThrow(
    expect.objectContaining({
      violations: [{ field: "id", description: "given by the path; leave it out of the body" }],
    }),
  );
});

test("parameters can be booleans, numbers and lists", () => {
  const query = "active=true&tags=a&tags=b&weight=1.5";
  expect(encode("Thing", "/v1/things/{inner.id}", "inner", { values: ["i"], query })).toMatchObject({
    active: true,
    tags: ["a", "b"],
    weight: 1.5,
  });
  expect(() =>
    encode("Thing", "/v1/things/{inner.id}", "inner", { values: ["i"], query: "active=1&weight=x" }),
  ).toThrow(
    expect.objectContaining({
      violations: [
        { field: "active", description: 'must be true or false, without quotes; got "1"' },
        { field: "weight", description: 'must be a number; got "x"' },
      ],
    }),
  );
});

test.each([
  ["/v1/{nothing}", "", "nothing"],
  ["/v1/{active.id}", "", "id"],
  ["/v1/things", "nothing", "nothing"],
  ["/v1/things", "", "cannot be a query parameter"],
])("a rule that does not fit its message fails at the start: %s, body %j", (path, body, why) => {
  expect(() =>
    bindRequest(
      testMessage("Thing"),
      { httpMethod: "GET", template: parsePathTemplate(path), body },
      { oauth: false },
    ),
  ).toThrow(why);
});
