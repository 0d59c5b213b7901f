import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import { routeNamed } from "../testing/routes.ts";
import { oauthFormToJson } from "./oauth-form.ts";

const fields = new Map(routeNamed("IssueToken").binding.input.fields.map((field) => [field.jsonName, field]));

/** Reads a request. @returns the JSON, or the violations as texts */
function read(body: string | Buffer, authorization?: string): unknown {
  const request = new IncomingMessage(new Socket());
  if (authorization !== undefined) request.headers.authorization = authorization;
  const violations: FieldViolation[] = [];
  try {
    const json = oauthFormToJson(request, Buffer.from(body as string), fields, violations);
    return violations.length > 0 ? textsOf(violations) : json;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return textsOf(error.violations);
  }
}

const textsOf = (violations: readonly FieldViolation[]): string[] =>
  violations.map(({ field, description }) => `${field}: ${description}`);
const basic = (text: string | Buffer) => `Basic ${Buffer.from(text as string).toString("base64")}`;

test.each([
  ["grant_type=client_credentials&scope=a+b%20c", { grant_type: "client_credentials", scope: "a b c" }],
  ["client_secret=%C3%A4%3D%26&audience=x", { client_secret: "\u00e4=&" }],
  ["scope=&client_id=&&", {}],
  ["", {}],
  ["__proto__=x&constructor=y&toString=z", {}],
])("the form %j is %j: unknown and empty parameters count as absent", (form, json) => {
  expect(read(form)).toEqual(json);
});

test.each(["scope=a&scope=a", "scope=&scope=a", "scope&scope", "sc%6Fpe=a&scope=b"])(
  "%j, which has a parameter twice, is refused (RFC 6749 §3.2)",
  (form) => {
    expect(read(form)).toEqual(["scope: is sent more than once"]);
  },
);

test("also an unknown parameter must not be sent twice", () => {
  expect(read("resource=a&resource=b")).toEqual(["resource: is sent more than once"]);
});

test.each(["scope=%", "scope=%zz", "scope=%ff", "%C3=a", Buffer.from([0x73, 0x3d, 0xff])])(
  "%j is no form in UTF-8",
  (form) => {
    expect(read(form)).toEqual([": The form is not valid percent-encoded UTF-8. Write a literal % as %25."]);
  },
);

test.each([
  ["id:secret", "id", "secret"],
  ["id:a:b", "id", "a:b"],
  ["a%3Ab:%25+%2B", "a:b", "% +"],
  ["id:", "id", ""],
  [":secret", "", "secret"],
  ["id:\u00e4", "id", "\u00e4"],
])("Basic with %j is the client %j with the secret %j", (text, client_id, client_secret) => {
  expect(read("", basic(text))).toEqual({ client_id, client_secret });
  expect(read("", basic(text).replace("Basic ", "bASIC  ").replace(/=+$/, ""))).toEqual({
    client_id,
    client_secret,
  });
});

test.each([
  ["no credentials", "Basic"],
  ["no base64", "Basic !!!!"],
  ["base64 of a wrong length", "Basic aWQ6c"],
  ["base64url", "Basic -_-_"],
  ["two values", "Basic aWQ6cw== aWQ6cw=="],
  ["no colon", basic("secret")],
  ["no UTF-8", basic(Buffer.from([0x69, 0x3a, 0xff]))],
  ["wrong percent-encoding", basic("id:100%")],
  ["percent-encoding of no UTF-8", basic("id:%ff")],
])("Basic with %s is refused", (_title, authorization) => {
  expect(read("", authorization)).toEqual([expect.stringMatching(/^Authorization: must be Basic with id/)]);
});

test("Basic and the form together must not give two secrets or two clients", () => {
  const authorization = basic("id:secret");
  expect(read("client_id=id", authorization)).toEqual({ client_id: "id", client_secret: "secret" });
  expect(read("client_id=other", authorization)).toEqual([
    "client_id: is sent in Authorization already; leave it out of the form",
  ]);
  expect(read("client_secret=secret", authorization)).toEqual([
    "client_secret: is sent in Authorization already; leave it out of the form",
  ]);
});

test.each(["Bearer abc", "Digest x", "Basics aWQ6cw=="])("the scheme of %j is ignored", (authorization) => {
  expect(read("client_id=id", authorization)).toEqual({ client_id: "id" });
});
