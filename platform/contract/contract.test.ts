import { getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { field as fieldOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "@jest/globals";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import {
  MethodRules_Access as Access,
  MethodRules_Idempotency as Idempotency,
  MethodRules_RateClass as RateClass,
  rules as rulesOption,
  MethodRules_Task as Task,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Reason } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import { MAX_TOKEN_LENGTH } from "../api/page-token.ts";
import { catalogue } from "../errors/catalogue.ts";
import { type Method, methods } from "./methods.ts";

const all = [...methods.values()];
const SERVICES = ["auth", "scheduling", "clinical", "billing"];

const isRouted = ({ desc }: Method): boolean => hasOption(desc, http);
const hasField = ({ input }: Method, name: string): boolean =>
  input.fields.some((field) => field.name === name);

test("the contract has methods", () => {
  expect(all.length).toBeGreaterThan(30);
});

test("each file names its package in Go, Java and C#", () => {
  for (const { desc } of all) {
    const { package: name, options } = desc.parent.file.proto;
    const [, area = "", version = ""] = name.split(".");
    const capital = area.charAt(0).toUpperCase() + area.slice(1);
    expect(options).toMatchObject({
      goPackage: `medconnect/${area}/${version};${area}${version}`,
      javaPackage: name,
      javaMultipleFiles: true,
      csharpNamespace: `MedConnect.${capital}.${version.toUpperCase()}`,
    });
  }
});

describe.each(all.map((method) => [method.path, method] as const))("%s", (_path, method) => {
  const { rules } = method;

  test("declares rules, an access rule and an audit name", () => {
    expect(hasOption(method.desc, rulesOption)).toBe(true);
    expect(rules.access).not.toBe(Access.ACCESS_UNSPECIFIED);
    expect(rules.audit).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
  });

  test("names a media type if and only if the response is not JSON", () => {
    expect(rules.mediaType !== "").toBe(method.output.typeName === "google.api.HttpBody");
  });

  test("names roles if and only if roles decide, and callers if and only if it is internal", () => {
    expect(rules.roles.length > 0).toBe(rules.access === Access.ROLES);
    expect(rules.roles).not.toContain(0);
    expect(new Set(rules.roles).size).toBe(rules.roles.length);
    expect(rules.callers.length > 0).toBe(rules.access === Access.INTERNAL);
    for (const caller of rules.callers) expect([...SERVICES, "gateway"]).toContain(caller);
  });

  test("names scopes only if roles decide, each well-formed, of a package of the contract, and once", () => {
    if (rules.scopes.length > 0) expect(rules.access).toBe(Access.ROLES);
    for (const scope of rules.scopes) {
      expect(scope).toMatch(/^[a-z]+(\.[a-z]+(_[a-z]+)*){2}$/);
      expect([...SERVICES, "admin"]).toContain(scope.split(".")[0]);
      if (SERVICES.includes(scope.split(".")[0]!)) expect(method.owner).toBe(scope.split(".")[0]);
    }
    expect(new Set(rules.scopes).size).toBe(rules.scopes.length);
  });

  test("may be called before the second factor only if it is for signed-in users", () => {
    if (rules.beforeMfa) expect([Access.SIGNED_IN, Access.ROLES]).toContain(rules.access);
  });

  test("requires a fresh sign-in only if it is for users alone", () => {
    if (rules.freshSignIn) expect([Access.SIGNED_IN, Access.ROLES]).toContain(rules.access);
    if (rules.freshSignIn) expect(rules.scopes).toEqual([]);
  });

  test("has a route or declares that it has none; an internal one has none", () => {
    expect(isRouted(method)).toBe(!rules.unrouted);
    if (rules.access === Access.INTERNAL) expect(rules.unrouted).toBe(true);
    if (rules.composed) expect(isRouted(method)).toBe(true);
  });

  test("is served by a known service, or composed by the gateway", () => {
    const shared = ["audit", "events", "operations"].includes(method.owner);
    expect(shared ? rules.unrouted : rules.composed || SERVICES.includes(method.owner)).toBe(true);
  });

  test("has a rate class if it has a route", () => {
    if (isRouted(method)) expect(rules.rate).not.toBe(RateClass.RATE_CLASS_UNSPECIFIED);
  });

  test("belongs to a task if and only if it has a route", () => {
    expect(rules.task !== Task.TASK_UNSPECIFIED).toBe(isRouted(method));
  });

  test("is deprecated for at least a year before it may be gone", () => {
    const days = (Date.parse(rules.sunsetDate) - Date.parse(rules.deprecateDate)) / 86_400_000;
    if (method.desc.deprecated) expect(days).toBeGreaterThanOrEqual(365);
    else expect([rules.deprecateDate, rules.sunsetDate]).toEqual(["", ""]);
  });

  test("has a field for an idempotency key if and only if it honours one", () => {
    const honoured = rules.idempotency !== Idempotency.IDEMPOTENCY_UNSPECIFIED;
    expect(hasField(method, "idempotency_key")).toBe(honoured);
    if (honoured && rules.idempotency !== Idempotency.OWN) {
      expect([Access.SIGNED_IN, Access.ROLES]).toContain(rules.access);
    }
  });

  test("declares the location of a created resource by fields of the response", () => {
    expect(rules.location !== "").toBe(rules.creates);
    const names = method.output.fields.map((field) => field.name);
    for (const [, name] of rules.location.matchAll(/\{([^}]*)\}/g)) expect(names).toContain(name);
  });

  test("declares only errors of the catalogue, each once", () => {
    const declared = rules.errors.map((number) => Reason[number]);
    for (const reason of declared) expect([...catalogue.keys()]).toContain(reason);
    expect(new Set(declared).size).toBe(declared.length);
  });
});

test.each(all.filter(({ rules }) => rules.oauth).map((method) => [method.name, method] as const))(
  "the OAuth endpoint %s is a public POST with texts and the names of RFC 6749, and HTTP Basic can fill it",
  (_name, { desc, rules, input, output }) => {
    const { pattern, body } = getOption(desc, http);
    expect([rules.access, pattern.case, body]).toEqual([Access.PUBLIC, "post", "*"]);
    for (const field of input.fields) expect(field.scalar).toBe(ScalarType.STRING);
    for (const { jsonName } of [...input.fields, ...output.fields])
      expect(jsonName).toMatch(/^[a-z]+(_[a-z]+)*$/);
    const names = input.fields.map(({ jsonName }) => jsonName);
    expect(names).toEqual(expect.arrayContaining(["client_id", "client_secret"]));
  },
);

test("no scope opens clinical data or changes anything", () => {
  for (const { rules, owner, path } of all.filter(({ rules }) => rules.scopes.length > 0)) {
    expect(rules.audit).toMatch(/\.(get|list|export)/);
    if (owner === "clinical") expect(path).toMatch(/GetConsultationStats$/);
  }
});

test("every list issues and accepts page tokens up to the same maximum length", () => {
  const tokens = all.flatMap(({ input, output }) => [
    ...input.fields.filter(({ name }) => name === "page_token"),
    ...output.fields.filter(({ name }) => name === "next_page_token"),
  ]);
  const lengths = tokens.map((field) => {
    const { type } = getOption(field, fieldOption);
    return type.case === "string" ? Number(type.value.maxLen) : undefined;
  });
  expect(new Set(lengths)).toEqual(new Set([MAX_TOKEN_LENGTH]));
});

test("audit names are unique within a service", () => {
  const names = all
    .filter(({ rules }) => !rules.composed)
    .map(({ owner, rules }) => `${owner} ${rules.audit}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("every reason has a gRPC code and a title", () => {
  for (const { reason, code, httpStatus, title } of catalogue.values()) {
    expect({
      reason,
      code: typeof code,
      isError: httpStatus >= 400 && httpStatus < 600,
      isSentence: title.endsWith("."),
    }).toEqual({
      reason,
      code: "number",
      isError: true,
      isSentence: true,
    });
  }
});
