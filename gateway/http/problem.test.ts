import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { API_URL, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

test("a service's refusal names fields as in the client's JSON", async () => {
  gateway.stubs.stubs.set("UpdateDoctor", () => {
    throw new ApiError("INVALID_REQUEST", {
      violations: [
        { field: "doctor.time_zone", description: "is no zone" },
        { field: "doctor.languages[2]", description: "is no code" },
        { field: "doctor", description: "is odd" },
      ],
    });
  });
  const answer = await gateway.send("PATCH", "/v1/doctors/0b5d3c1e-7a52-4c53-9f0c-5d0c3d9b6f11", {
    headers: await gateway.signedIn("DOCTOR"),
    body: { bio: "Looks after hearts." },
  });
  expect(answer.status).toBe(400);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json).toEqual({
    type: `${API_URL}/docs/errors#INVALID_REQUEST`,
    title: "The request breaks a rule of its fields.",
    status: 400,
    detail: "timeZone: is no zone (first of 3 mistakes)",
    code: "INVALID_ARGUMENT",
    reason: "INVALID_REQUEST",
    requestId: answer.headers["x-request-id"],
    errors: [
      { field: "timeZone", description: "is no zone" },
      { field: "languages[2]", description: "is no code" },
      { field: "", description: "is odd" },
    ],
  });
});

test("a refused idempotency key is named by its header", async () => {
  gateway.stubs.stubs.set("CreateDoctor", () => {
    throw new ApiError("INVALID_REQUEST", {
      violations: [
        { field: "license_number", description: "must be given" },
        { field: "idempotency_key", description: "is long" },
      ],
    });
  });
  const headers = await gateway.signedIn("DOCTOR");
  const answer = await gateway.send("POST", "/v1/doctors", { headers, body: {} });
  expect(answer.json).toMatchObject({
    errors: [
      { field: "licenseNumber", description: "must be given" },
      { field: "Idempotency-Key", description: "is long" },
    ],
  });
});

test.each([
  ["ILLEGAL_TRANSITION", 409],
  ["ETAG_MISMATCH", 412],
  ["IDEMPOTENCY_KEY_REUSED", 422],
  ["NOT_FOUND", 404],
  ["PERMISSION_DENIED", 403],
] as const)("%s has the status %i", async (reason, status) => {
  gateway.stubs.stubs.set("GetMe", () => {
    throw new ApiError(reason, { metadata: { current: "X" } });
  });
  const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
  expect(answer.json).toMatchObject({ status, reason, metadata: { current: "X" } });
  expect(answer.status).toBe(status);
});

test.each([
  [
    "12 kB of unknown parameters",
    Array.from({ length: 3000 }, (_, i) => `p${i}`)
      .join("&")
      .slice(0, 12_000),
  ],
  ["one unknown parameter of 12 kB", "x".repeat(12_000)],
  ["unknown parameters that JSON escapes make longer", "%00%22%5C=&".repeat(1000)],
  ["a parameter repeated a thousand times", "pageSize=x&".repeat(1000)],
])("%s: the answer has at most 8 KiB", async (_title, query) => {
  const answer = await gateway.send("GET", `/v1/doctors?${query}`);
  expect(answer.status).toBe(400);
  expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(8 * 1024);
  expect((answer.json.errors as unknown[]).length).toBeLessThanOrEqual(50);
});

test("an internal error reveals no cause", async () => {
  gateway.stubs.stubs.set("GetMe", () => {
    throw new Error("SELECT secret FROM users");
  });
  const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
  expect(answer.json).toMatchObject({ status: 500, reason: "INTERNAL", code: "INTERNAL" });
  expect(answer.text).not.toMatch(/secret|stack/);
  expect(gateway.logLines.find((line) => line.requestId === answer.json.requestId)).toMatchObject({
    msg: "request",
    reason: "INTERNAL",
    route: "/v1/users/me",
  });
});

test("a service without an answer gives 504 at the deadline", async () => {
  const impatient = await startTestGateway({ callTimeoutMs: 300 });
  impatient.stubs.stubs.set("GetMe", () => new Promise(() => {}));
  const answer = await impatient.send("GET", "/v1/users/me", { headers: await impatient.signedIn() });
  await impatient.close();
  expect(answer.json).toMatchObject({ status: 504, reason: "DEADLINE_EXCEEDED" });
});

test("Retry-After is in whole seconds, rounded up", async () => {
  gateway.stubs.stubs.set("GetMe", () => {
    throw new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterMs: 1500 });
  });
  const answer = await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() });
  expect(answer.headers["retry-after"]).toBe("2");
});
