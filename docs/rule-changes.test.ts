import { createRegistry, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  field as fieldOption,
  message as messageOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "@jest/globals";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { field_behavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import { headers, rules, text, total_bytes } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { error } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import { changesOfRules, contractChanges } from "./contract-changes.ts";

const registry = createRegistry(
  fieldOption,
  messageOption,
  http,
  error,
  field_behavior,
  headers,
  rules,
  text,
  total_bytes,
);

interface Options {
  http?: JsonObject;
  rules?: JsonObject;
  field?: JsonObject;
  message?: JsonObject;
  /** Options of a second field, if the request has one. */
  second?: JsonObject;
  type?: string;
  /** Options of an error reason. */
  reason?: JsonObject;
}

/** A contract with one method, whose request has a field. */
function contract(options: Options): Uint8Array {
  const { http, rules, field = {}, message = {}, second, type = "TYPE_STRING", reason = {} } = options;
  const fieldOf = (name: string, number: number, options: JsonObject) => ({
    name,
    number,
    type,
    label: type === "TYPE_STRING" ? "LABEL_OPTIONAL" : "LABEL_REPEATED",
    options,
  });
  const file: JsonObject = {
    name: "a.proto",
    package: "medconnect.test.v1",
    syntax: "proto3",
    messageType: [
      {
        name: "Request",
        field: [fieldOf("id", 1, field), ...(second ? [fieldOf("reason", 2, second)] : [])],
        options: message,
      },
    ],
    enumType: [
      {
        name: "Reason",
        value: [{ name: "GONE", number: 0, options: { "[medconnect.options.v1.error]": reason } }],
      },
    ],
    service: [
      {
        name: "Service",
        method: [
          {
            name: "Call",
            inputType: ".medconnect.test.v1.Request",
            outputType: ".medconnect.test.v1.Request",
            options: {
              "[google.api.http]": http ?? { post: "/v1/calls/{id}:cancel", body: "*" },
              "[medconnect.options.v1.rules]": rules ?? { access: "ROLES", roles: ["PATIENT", "DOCTOR"] },
            },
          },
        ],
      },
    ],
  };
  return toBinary(FileDescriptorSetSchema, fromJson(FileDescriptorSetSchema, { file: [file] }, { registry }));
}

const validated = (rules: JsonObject): Options => ({ field: { "[buf.validate.field]": rules } });
const ruled = (rules: JsonObject): Options => ({ rules: { access: "ROLES", roles: ["PATIENT"], ...rules } });
const POST: JsonObject = { post: "/v1/calls/{id}:cancel", body: "*" };
const [CALL, ID, REQUEST] = ["Service.Call", "Request.id", "Request"];

/** Each row has a contract, a narrower one, and the loss in words. Back again, nothing is lost. */
test.each<[string, Options, Options, string, string]>([
  [
    "path",
    {},
    { http: { ...POST, post: "/v1/calls/{id}:end" } },
    CALL,
    "path: no longer POST /v1/calls/{id}:cancel, body *",
  ],
  [
    "verb",
    {},
    { http: { put: "/v1/calls/{id}:cancel", body: "*" } },
    CALL,
    "path: no longer POST /v1/calls/{id}:cancel, body *",
  ],
  [
    "second path",
    { http: { ...POST, additionalBindings: [{ get: "/v1/calls/{id}" }] } },
    {},
    CALL,
    "path: no longer GET /v1/calls/{id}",
  ],
  ["role", {}, ruled({}), CALL, "caller: no longer DOCTOR"],
  [
    "scope",
    ruled({ scopes: ["test.calls.read"] }),
    ruled({}),
    CALL,
    "caller: no longer scope test.calls.read",
  ],
  ["sign-in", ruled({ access: "PUBLIC" }), ruled({}), CALL, "caller: no longer anyone"],
  [
    "reason",
    ruled({ errors: ["NOT_FOUND", "EMAIL_TAKEN"] }),
    ruled({ errors: ["NOT_FOUND"] }),
    CALL,
    "reason: no longer EMAIL_TAKEN",
  ],
  ["recent sign-in", ruled({}), ruled({ freshSignIn: true }), CALL, "demand: now a recent sign-in"],
  ["second factor", ruled({ beforeMfa: true }), ruled({}), CALL, "demand: now a set-up second factor"],
  [
    "maximum",
    validated({ string: { maxLen: "20" } }),
    validated({ string: { maxLen: "9" } }),
    ID,
    "string.maxLen: 20, now 9",
  ],
  ["new maximum", {}, validated({ string: { maxLen: "9" } }), ID, "string.maxLen: no bound, now 9"],
  ["minimum", {}, validated({ string: { minLen: "2" } }), ID, "string.minLen: no bound, now 2"],
  [
    "items",
    validated({ repeated: { maxItems: "9" } }),
    validated({ repeated: { maxItems: "8" } }),
    ID,
    "repeated.maxItems: 9, now 8",
  ],
  [
    "bytes of a list",
    {},
    { field: { "[medconnect.options.v1.total_bytes]": 100 } },
    ID,
    "total_bytes: no bound, now 100",
  ],
  ["required", {}, validated({ string: { uuid: true } }), ID, "limit: now required"],
  [
    "required field",
    {},
    { field: { "[google.api.field_behavior]": ["REQUIRED"] } },
    ID,
    "limit: now required",
  ],
  ["immutable", {}, { field: { "[google.api.field_behavior]": ["IMMUTABLE"] } }, ID, "limit: now immutable"],
  [
    "pattern",
    {},
    validated({ string: { pattern: "^a?$" } }),
    ID,
    "string.pattern: now other than pattern ^a?$",
  ],
  [
    "allowed value",
    validated({ string: { in: ["", "a", "b"] } }),
    validated({ string: { in: ["", "a"] } }),
    ID,
    "string.in: no longer b",
  ],
  ["list of values", {}, validated({ string: { in: ["", "a"] } }), ID, "string.in: now only , a"],
  ["refused value", {}, validated({ string: { notIn: ["a"] } }), ID, "string.notIn: now a"],
  [
    "rule of a message",
    {},
    { message: { "[buf.validate.message]": { cel: [{ id: "a", expression: "this.id != ''" }] } } },
    REQUEST,
    "rule: now this.id != ''",
  ],
  ["header", { field: { "[medconnect.options.v1.headers]": ["Key"] } }, {}, ID, "header: no longer Key"],
])("a lost or narrower %s is breaking, and its return is not", (_title, wide, narrow, part, words) => {
  const [before, after] = [contract(wide), contract(narrow)];
  expect(changesOfRules(before, after).breaking).toContainEqual([`medconnect.test.v1.${part}`, words]);
  const listed = contractChanges(before, after);
  expect(listed).toContain("### Narrower rules (breaking)\n");
  expect(listed).toContain(`- \`medconnect.test.v1.${part}\`: ${words}\n`);
  expect(contractChanges(after, before)).toContain("### Wider rules\n");
  expect(changesOfRules(before, before)).toEqual({ breaking: [], additive: [] });
});

test.each<[string, Options, Options, string]>([
  ["kind of text", {}, { field: { "[medconnect.options.v1.text]": "NAME" } }, 'text: null, now "NAME"'],
  [
    "use of keys",
    ruled({ idempotency: "ACCEPTED" }),
    ruled({ idempotency: "REQUIRED" }),
    'idempotency: "ACCEPTED", now "REQUIRED"',
  ],
  [
    "status of a reason",
    { reason: { httpStatus: 409 } },
    { reason: { httpStatus: 410 } },
    'status: "409 ", now "410 "',
  ],
  ["status", ruled({}), ruled({ creates: true }), "creates: null, now true"],
])("another %s is breaking in both directions", (_title, one, other, words) => {
  const [before, after] = [contract(one), contract(other)];
  expect(changesOfRules(before, after).breaking).toEqual([[expect.any(String), words]]);
  expect(changesOfRules(after, before).breaking).toHaveLength(1);
});

test("a new field may be optional, but not required", () => {
  const required = { "[buf.validate.field]": { required: true } };
  expect(changesOfRules(contract({}), contract({ second: {} })).breaking).toEqual([]);
  expect(changesOfRules(contract({}), contract({ second: required })).breaking).toEqual([
    ["medconnect.test.v1.Request.reason", "a new required field"],
  ]);
});

test("a call that anyone may make is still open to each role", () => {
  const changes = changesOfRules(contract({}), contract(ruled({ access: "PUBLIC" })));
  expect(changes).toEqual({
    breaking: [],
    additive: [
      ["medconnect.test.v1.Service.Call", "caller: now anyone"],
      ["medconnect.test.v1.Service.Call", "caller: now ADMIN"],
    ],
  });
});
