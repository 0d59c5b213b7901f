import { expect, test } from "@jest/globals";
import { contractRoutes, routeNamed } from "../testing/routes.ts";
import { IDEMPOTENCY_KEY, IF_MATCH, MAX_TAGS_LENGTH } from "../transcoding/headers.ts";
import { FIELD_MASK, MAX_FIELD_MASK_LENGTH } from "../transcoding/well-known-json.ts";
import { commentOn, splitComment } from "./comments.ts";
import { openApiDocument } from "./document.ts";
import type { Schema } from "./json-schema.ts";
import { operationIdOf } from "./operation.ts";
import { reasonsOf } from "./problem-responses.ts";

const document = openApiDocument(contractRoutes, "https://api.example.org");

/** The part of the document at this path of property names, such as `at("paths", "/v1/bookings")`. */
function at(...keys: string[]): unknown {
  let part: unknown = document;
  for (const key of keys) part = (part as Schema)[key];
  return part;
}

test("every route has an operation", () => {
  for (const { path, httpMethod, method } of contractRoutes) {
    const documented = path.replace(/:(?=\w+$)/, "/");
    expect(at("paths", documented, httpMethod.toLowerCase(), "operationId")).toBe(operationIdOf(method));
  }
});

test("names suit generators: no colon in a path, no dot in a type, each operation's name once", () => {
  expect(Object.keys(at("paths") as Schema).filter((path) => path.includes(":"))).toEqual([]);
  expect(Object.keys(at("components", "schemas") as Schema).filter((name) => !/^\w+$/.test(name))).toEqual(
    [],
  );
  const names = contractRoutes.map(({ method }) => operationIdOf(method));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("createBooking");
});

test("a summary has at most 50 characters, and the description does not repeat it", () => {
  for (const route of contractRoutes) {
    const { summary, rest } = splitComment(commentOn(route.method.desc));
    expect([summary, summary.length <= 50, rest.includes(summary)]).toEqual([summary, true, false]);
  }
});

test("texts name operations by their ids, not by the ends of their paths", () => {
  expect(JSON.stringify(document).match(/`[\w/]*:[a-zA-Z]+`/g)).toBeNull();
});

test("the document takes at most 2.5 kB an operation", () => {
  expect(JSON.stringify(document).length / contractRoutes.length).toBeLessThan(2500);
});

const createBooking = ["paths", "/v1/bookings", "post"];

test("fields, rules and required fields come from the proto", () => {
  expect(at("components", "schemas", "CreateBookingBody")).toEqual({
    type: "object",
    properties: {
      slotId: {
        type: "string",
        format: "uuid",
        description: "Id of the slot to book, which must be open and not have started.",
      },
      patientRegion: {
        type: "string",
        maxLength: 6,
        description:
          'Region in which the patient will be during the appointment, such as "US-CA"; default: the region in ' +
          "the patient's profile.",
      },
      reason: {
        type: "string",
        maxLength: 2000,
        description:
          'Reason of the visit, in the patient\'s words, such as "A cough". Only the patient and the doctor see the reason.',
      },
    },
    required: ["slotId"],
    additionalProperties: false,
  });
  expect(at("security")).toEqual([{ bearer: [] }]);
  expect(at(...createBooking, "security")).toBeUndefined();
  expect(at(...createBooking, "parameters")).toEqual([
    { $ref: "#/components/parameters/IdempotencyKeyRequired" },
  ]);
});

test("answers to a resource with read-only fields tell which of them were ignored", () => {
  const headersOf = (method: string, path: string) =>
    at("paths", path, method, "responses", "200", "headers");
  expect(headersOf("patch", "/v1/doctors/{doctorId}")).toHaveProperty("X-Ignored-Fields");
  expect(headersOf("get", "/v1/doctors/{doctorId}")).not.toHaveProperty("X-Ignored-Fields");
});

test("answers are listed by status: 201 with Location, 202, 204, and each reason", () => {
  expect(at(...createBooking, "responses", "201", "headers")).toHaveProperty("Location");
  expect(at("paths", "/v1/auth/logout", "post", "responses")).toHaveProperty("204");
  const successes = (path: string) =>
    Object.keys(at("paths", path, "post", "responses") as Schema).filter((status) => status < "300");
  expect(successes("/v1/auth/register")).toEqual(["201", "202"]);
  expect(successes("/v1/auth/password/forgot")).toEqual(["202"]);
});

test("an operation writes out its own errors, and refers to those that all share", () => {
  const {
    201: created,
    409: conflict,
    ...shared
  } = at(...createBooking, "responses") as Record<string, Schema>;
  expect(created).toBeDefined();
  expect(conflict?.description).toMatch(/^`SLOT_UNAVAILABLE`: The slot is not open any more\./);
  const refTo = (name: string) => ({ $ref: `#/components/responses/${name}` });
  expect(shared).toEqual({
    400: refTo("BadRequest"),
    401: refTo("Unauthorized"),
    403: refTo("Forbidden"),
    404: refTo("NotFound"),
    422: refTo("UnprocessableEntity"),
    default: refTo("Error"),
  });
  expect(at("components", "responses", "Error", "description")).toMatch(/`RATE_LIMITED`: .*`INTERNAL`: /s);
});

test("errors of its own that an operation has in common with others are shared", () => {
  expect(at("paths", "/v1/bookings", "get", "responses", "400")).toEqual({
    $ref: "#/components/responses/InvalidPageToken",
  });
  expect(at("components", "responses", "InvalidPageToken", "description")).toMatch(/^`INVALID_PAGE_TOKEN`: /);
});

test("a conditional update lists 412, other operations do not", () => {
  const statuses = (method: string) =>
    Object.keys(at("paths", "/v1/users/me", method, "responses") as Schema);
  expect(statuses("patch")).toContain("412");
  expect(statuses("get")).not.toContain("412");
});

test("every reason of a route stands in one of its answers or parameters", () => {
  for (const route of contractRoutes) {
    const path = route.path.replace(/:(?=\w+$)/, "/");
    const operation = ["paths", path, route.httpMethod.toLowerCase()];
    const parts = ["responses", "parameters"].flatMap((part) =>
      Object.values((at(...operation, part) ?? {}) as Record<string, Schema>),
    );
    const texts = parts.map(({ $ref, description }) =>
      $ref === undefined ? description : at(...String($ref).split("/").slice(1), "description"),
    );
    for (const reason of reasonsOf(route)) expect(texts.join()).toContain(`\`${reason}\``);
  }
});

test("an enum has all values but its zero", () => {
  expect(at("components", "schemas", "SlotStatus", "enum")).toEqual([
    "OPEN",
    "HELD",
    "BOOKED",
    "BLOCKED",
    "WITHDRAWN",
    "EXPIRED",
  ]);
});

test("an answer requires its lists, except those that list items omit", () => {
  const required = at("components", "schemas", "Prescription", "required");
  expect(required).toContain("status");
  expect(required).not.toContain("items");
  expect(at("components", "schemas", "Doctor", "required")).toContain("licenses");
});

test("a PATCH accepts mutable and read-only fields, but no immutable ones", () => {
  const { properties, ...schema } = at("components", "schemas", "UpdateDoctorBody") as Schema;
  expect(schema).not.toHaveProperty("required");
  expect(properties).not.toHaveProperty("licenseNumber");
  expect(properties).toMatchObject({
    createTime: { readOnly: true, format: "date-time" },
    bio: { maxLength: 4000 },
  });
});

test("public and optional methods need no token", () => {
  expect(at("paths", "/v1/auth/login", "post", "security")).toEqual([]);
  expect(at("paths", routeNamed("GetDoctor").path, "get", "security")).toEqual([{}, { bearer: [] }]);
});

test("a method that requires a fresh sign-in says so and lists its refusal", () => {
  const setUp = ["paths", "/v1/auth/mfa/totp", "post"];
  expect(at(...setUp, "description")).toMatch(/Needs a recent sign-in/);
  expect(at(...setUp, "responses", "403", "description")).toContain("`REAUTHENTICATION_REQUIRED`: ");
});

test("the token endpoint takes a form or HTTP Basic, and answers with the names of RFC 6749", () => {
  const issue = ["paths", "/v1/auth/token", "post"];
  expect(at(...issue, "security")).toEqual([{ client_secret_basic: [] }, {}]);
  expect(Object.keys(at(...issue, "requestBody", "content") as Schema)).toEqual([
    "application/x-www-form-urlencoded",
  ]);
  const { properties, required, ...rest } = at("components", "schemas", "IssueTokenBody") as Schema;
  expect(Object.keys(properties as Schema)).toEqual([
    "grant_type",
    "client_id",
    "client_secret",
    "scope",
    "client_assertion_type",
    "client_assertion",
  ]);
  expect(required).toEqual(["grant_type"]);
  expect(rest).not.toHaveProperty("additionalProperties");
  expect(at("components", "schemas", "ServiceToken", "required")).toEqual([
    "access_token",
    "token_type",
    "expires_in",
    "scope",
  ]);
  for (const status of ["400", "401", "default"]) {
    expect(at(...issue, "responses", status, "content")).toEqual({
      "application/json": { schema: { $ref: "#/components/schemas/OAuthError" } },
    });
  }
});

test("an operation with a scope names it, and the scheme of service accounts describes all scopes", () => {
  expect(at("paths", "/v1/payments", "get", "security")).toEqual([
    { bearer: [] },
    { serviceAccount: ["billing.payments.read"] },
  ]);
  expect(at("components", "securitySchemes", "serviceAccount", "flows", "clientCredentials")).toMatchObject({
    tokenUrl: "https://api.example.org/v1/auth/token",
    scopes: { "scheduling.bookings.read": expect.stringContaining("getBooking") },
  });
});

/** Paths of the texts, integers and lists below a part of the document that have no bounds. */
function unbounded(part: unknown, path = ""): string[] {
  if (typeof part !== "object" || part === null) return [];
  const { example: _, ...parts } = part as Schema;
  const inner = Object.entries(parts).flatMap(([key, value]) => unbounded(value, `${path}/${key}`));
  return isBounded(parts) ? inner : [path, ...inner];
}

function isBounded({ type, format, enum: values, maxLength, minimum, maximum, maxItems }: Schema): boolean {
  switch (type) {
    case "string":
      return [maxLength, format, values].some((rule) => rule !== undefined);
    case "integer":
      return minimum !== undefined && maximum !== undefined;
    case "array":
      return maxItems !== undefined;
    default:
      return true;
  }
}

test("every text, integer and list of the document has bounds", () => {
  expect(unbounded({ a: { type: "string" }, b: { items: { type: "integer", minimum: 0 } } })).toHaveLength(2);
  expect(unbounded(document)).toEqual([]);
});

test("patterns have no classes of characters that only some validators know", () => {
  expect(JSON.stringify(document)).not.toMatch(/"pattern":"[^"]*\\\\p\{/);
  expect(at("components", "schemas", "CreateBreakGlassGrantBody", "properties", "reason")).toMatchObject({
    minLength: 20,
    maxLength: 500,
  });
});

test("an operation without a body describes the rules about several of its parameters", () => {
  expect(at("paths", "/v1/doctors/{doctorId}/slots", "get", "description")).toContain(
    " `startTime` and `endTime` must be at most 62 days apart.",
  );
});

test("a request with a choice has as many properties as its required fields and one of the choice", () => {
  expect(at("components", "schemas", "VerifyMfaBody")).toMatchObject({
    required: ["mfaToken"],
    minProperties: 2,
    maxProperties: 2,
  });
  expect(at("components", "schemas", "LoginBody")).not.toHaveProperty("maxProperties");
});

test("a text that a resource must have is not empty, also in an update", () => {
  expect(at("components", "schemas", "UpdateDoctorBody", "properties", "specialty")).toMatchObject({
    minLength: 1,
  });
  expect(at("components", "schemas", "Doctor", "properties", "specialty")).not.toHaveProperty("minLength");
  expect(at("components", "schemas", "CloseBookingBody", "required")).toEqual([
    "outcome",
    "feeDecision",
    "reason",
  ]);
});

test("headers and well-known types have the patterns by which the gateway reads them", () => {
  expect(at("components", "parameters", "IdempotencyKey", "schema")).toEqual({
    type: "string",
    maxLength: 512,
    pattern: IDEMPOTENCY_KEY.source,
  });
  expect(at("components", "parameters", "IfMatch", "schema")).toEqual({
    type: "string",
    maxLength: MAX_TAGS_LENGTH,
    pattern: IF_MATCH.source,
  });
  const [updateMask] = at("paths", "/v1/users/me", "patch", "parameters") as Schema[];
  expect(updateMask).toMatchObject({
    name: "updateMask",
    schema: { pattern: FIELD_MASK.source, maxLength: MAX_FIELD_MASK_LENGTH },
  });
});

test("the example of an answer is a new resource, and has no invented numbers", () => {
  const exampleOf = (name: string) => at("components", "schemas", name, "example") as Schema;
  expect(exampleOf("Booking")).toMatchObject({ status: "PENDING_PAYMENT", sequence: 0 });
  for (const name of ["cancelTime", "close", "move"]) expect(exampleOf("Booking")).not.toHaveProperty(name);
  expect(exampleOf("CancellationPreview")).toHaveProperty("feeDecision", "RELEASE");
  expect(exampleOf("Tokens")).toHaveProperty("expiresInSeconds", 300);
});

test("an example does no harm to the demo accounts, and its times are in the future", () => {
  const exampleOf = (path: string, method: string) =>
    at("paths", path, method, "requestBody", "content", "application/json", "example") as Record<
      string,
      string
    >;
  expect(exampleOf("/v1/users/me", "patch")).not.toHaveProperty("fullName");
  expect(exampleOf("/v1/users/me", "patch")).toHaveProperty("region", "US-CA");
  expect(exampleOf("/v1/doctors/{doctorId}", "patch")).not.toHaveProperty("specialty");
  const { currentPassword, newPassword } = exampleOf("/v1/users/me/password/change", "post");
  expect(newPassword).toBe(currentPassword);
  const { startTime = "", endTime = "" } = exampleOf("/v1/doctors/{doctorId}/slots", "post");
  expect(Date.parse(startTime)).toBeGreaterThan(Date.now());
  expect(Date.parse(endTime)).toBeGreaterThan(Date.parse(startTime));
});

test("the example of a key has the members that its type needs", () => {
  expect(at("components", "schemas", "ServiceAccount", "example", "jwks", "keys")).toEqual([
    {
      kty: "EC",
      kid: "2026-01",
      use: "sig",
      crv: "P-256",
      x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
      y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    },
  ]);
});

test("a field lists only the values that the request takes, and a page has a greatest size", () => {
  expect(at("components", "schemas", "RegisterBody", "properties", "role", "enum")).toEqual([
    "PATIENT",
    "DOCTOR",
  ]);
  expect(at("components", "schemas", "ListBookingsResponse", "properties", "bookings", "maxItems")).toBe(100);
});

test("operations name the roles that may call them, and the resource that their body is", () => {
  expect(at("paths", "/v1/doctors/{doctorId}", "patch")).toMatchObject({
    "x-roles": ["DOCTOR"],
    "x-body": "doctor",
    tags: ["Practise"],
  });
});
