import { expect, test } from "@jest/globals";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { contractRoutes, routeNamed } from "../testing/routes.ts";
import { openApiDocument } from "./document.ts";
import type { Schema } from "./json-schema.ts";

const document = openApiDocument(contractRoutes);

/** The part of the document at this path of property names, such as `at("paths", "/v1/bookings")`. */
function at(...keys: string[]): unknown {
  let part: unknown = document;
  for (const key of keys) part = (part as Schema)[key];
  return part;
}

test("the document passes Redocly's recommended rules", async () => {
  const config = await createConfig({ extends: ["recommended"] });
  const source = JSON.stringify(document);
  expect(await lintFromString({ source, absoluteRef: "/openapi.json", config })).toEqual([]);
});

test("every route has an operation", () => {
  for (const { path, httpMethod, method } of contractRoutes) {
    expect(at("paths", path, httpMethod.toLowerCase(), "operationId")).toBe(
      `${method.desc.parent.name}_${method.name}`,
    );
  }
});

const createBooking = ["paths", "/v1/bookings", "post"];

test("fields, rules and required fields come from the proto", () => {
  expect(at("components", "schemas", "CreateBookingBody")).toEqual({
    type: "object",
    description:
      "Request to book a slot for the calling patient, with the reason of the visit and the patient's region.",
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
          "Reason of the visit, in the patient's words. Only the patient and the doctor see the reason.",
      },
    },
    required: ["slotId"],
    additionalProperties: false,
  });
  expect(at(...createBooking, "security")).toEqual([{ bearer: [] }]);
  expect(at(...createBooking, "parameters")).toEqual([
    { $ref: "#/components/parameters/IdempotencyKeyRequired" },
  ]);
});

test("answers are listed by status: 201 with Location, 202, 204, and each reason", () => {
  expect(at(...createBooking, "responses", "201", "headers")).toHaveProperty("Location");
  expect(at("paths", "/v1/auth/logout", "post", "responses")).toHaveProperty("204");
  const successes = (path: string) =>
    Object.keys(at("paths", path, "post", "responses") as Schema).filter((status) => status < "300");
  expect(successes("/v1/auth/register")).toEqual(["201", "202"]);
  expect(successes("/v1/auth/password:forgot")).toEqual(["202"]);
  expect(
    at(...createBooking, "responses", "409", "content", "application/problem+json", "examples"),
  ).toMatchObject({
    SLOT_UNAVAILABLE: { $ref: "#/components/examples/SLOT_UNAVAILABLE" },
  });
  const statuses = Object.keys(at(...createBooking, "responses") as Schema);
  expect(statuses).toEqual([
    "201",
    "400",
    "401",
    "403",
    "404",
    "408",
    "409",
    "412",
    "413",
    "415",
    "417",
    "422",
    "429",
    "431",
    "500",
    "503",
    "504",
  ]);
});

test("an enum has all values but its zero", () => {
  expect(at("components", "schemas", "Slot.Status", "enum")).toEqual([
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
  expect(at(...setUp, "description")).toMatch(/Requires a sign-in within the last few minutes/);
  const examples = [...setUp, "responses", "403", "content", "application/problem+json", "examples"];
  expect(at(...examples)).toHaveProperty("REAUTHENTICATION_REQUIRED");
});
