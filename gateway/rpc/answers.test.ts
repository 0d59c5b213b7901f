import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

test("a created resource gives 201 with Location, all scalars and no absent messages", async () => {
  gateway.stubs.stubs.set("CreateBooking", ({ request }) => ({
    id: ID,
    slotId: request.slotId!,
    status: "CONFIRMED",
  }));
  const headers = { ...(await gateway.signedIn()), "idempotency-key": "k" };
  const answer = await gateway.send("POST", "/v1/bookings", { headers, body: { slotId: ID } });
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({
    location: `/v1/bookings/${ID}`,
    "content-type": "application/json",
    "cache-control": "no-store",
  });
  expect(answer.json).toMatchObject({ id: ID, slotId: ID, status: "CONFIRMED", sequence: 0, reason: "" });
  expect(answer.json).not.toHaveProperty("fee");
  expect(answer.json).not.toHaveProperty("paymentId");
  expect(gateway.stubs.calls[0]?.request).toEqual({ slotId: ID, idempotencyKey: "k" });
});

const REGISTRATION = { email: "a@b.test", password: "x".repeat(12), fullName: "A", role: "PATIENT" };

test("Location may have no variables, and an answer without a new resource is 200", async () => {
  gateway.stubs.stubs.set("Register", () => ({ id: ID }));
  const registered = await gateway.send("POST", "/v1/auth/register", { body: REGISTRATION });
  expect(registered).toMatchObject({ status: 201, headers: { location: "/v1/users/me" } });
  expect((await gateway.send("POST", "/v1/auth/login", { body: {} })).status).toBe(200);
});

test("a request whose outcome follows by mail gives 202 and {}", async () => {
  const registered = await gateway.send("POST", "/v1/auth/register", { body: REGISTRATION });
  expect(registered).toMatchObject({ status: 202, text: "{}" });
  expect(registered.headers).not.toHaveProperty("location");
  const forgot = await gateway.send("POST", "/v1/auth/password:forgot", { body: { email: "a@b.test" } });
  expect(forgot).toMatchObject({
    status: 202,
    text: "{}",
    headers: { "content-type": "application/json" },
  });
});

test("an empty response gives 204 without a body", async () => {
  const answer = await gateway.send("POST", "/v1/auth/logout", { headers: await gateway.signedIn() });
  expect(answer).toMatchObject({ status: 204, text: "" });
  expect(answer.headers).not.toHaveProperty("content-type");
});

test("an answer repeated for an idempotency key has Idempotent-Replayed", async () => {
  gateway.stubs.stubs.set("CancelBooking", ({ trailer }) => {
    trailer.set("idempotent-replayed", "true");
    return {};
  });
  const headers = await gateway.signedIn();
  const answer = await gateway.send("POST", `/v1/bookings/${ID}:cancel`, { headers });
  expect(answer.headers["idempotent-replayed"]).toBe("true");
});

test("HEAD has the headers of GET and no body", async () => {
  const path = `/v1/doctors/${ID}`;
  const [get, head] = [await gateway.send("GET", path), await gateway.send("HEAD", path)];
  expect(head).toMatchObject({ status: 200, text: "" });
  expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
});

test("caches may keep public keys", async () => {
  expect((await gateway.send("GET", "/.well-known/jwks.json")).headers["cache-control"]).toBe(
    "public, max-age=60",
  );
});
