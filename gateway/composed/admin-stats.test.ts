import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { refuse, unavailable } from "../testing/stub-errors.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
let admin: { authorization: string };
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signedIn("ADMIN");
});
afterAll(() => gateway.close());
afterEach(() => gateway.stubs.stubs.clear());

const get = (path: string) => gateway.send("GET", path, { headers: admin });

const dayBefore = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

test("the figures of all services are combined", async () => {
  const { stubs } = gateway.stubs;
  stubs.set("GetUserStats", () => ({
    usersByRole: { PATIENT: "3" },
    registrationsByDay: { [dayBefore(0)]: "2" },
  }));
  stubs.set("GetBookingStats", () => ({
    bookingsByStatus: { CONFIRMED: "1" },
    bookingsByDay: { [dayBefore(6)]: "1" },
  }));
  stubs.set("GetConsultationStats", () => ({ consultationsByStatus: { COMPLETED: "4" } }));
  stubs.set("GetPaymentStats", () => ({
    paymentsByStatus: { CAPTURED: "5" },
    revenue: [{ currencyCode: "USD", amountMinor: "100" }],
  }));
  const { status, json } = await get("/v1/admin/stats");
  expect(status).toBe(200);
  expect(json).toMatchObject({
    usersByRole: { PATIENT: "3" },
    bookingsByStatus: { CONFIRMED: "1" },
    consultationsByStatus: { COMPLETED: "4" },
    paymentsByStatus: { CAPTURED: "5" },
    revenue: [{ currencyCode: "USD", amountMinor: "100" }],
    unavailable: [],
    readTime: expect.any(String),
  });
  const activity = json.activity as Record<string, unknown>[];
  expect(activity.map(({ date }) => date)).toEqual([0, 1, 2, 3, 4, 5, 6].map(dayBefore));
  expect(activity[0]).toEqual({
    date: dayBefore(0),
    registrations: "2",
    bookings: "0",
    consultations: "0",
  });
  expect(activity[6]).toMatchObject({ bookings: "1" });
});

test("services that are unavailable are named, and the others' figures are shown", async () => {
  gateway.stubs.stubs.set("GetPaymentStats", unavailable).set("GetUserStats", unavailable);
  gateway.stubs.stubs.set("GetBookingStats", () => ({ bookingsByStatus: { CONFIRMED: "1" } }));
  const { status, json } = await get("/v1/admin/stats");
  expect(status).toBe(200);
  expect(json).toMatchObject({
    unavailable: ["auth", "billing"],
    usersByRole: {},
    bookingsByStatus: { CONFIRMED: "1" },
  });
});

test("the call fails if all services are unavailable, as none can check the permission", async () => {
  for (const name of ["GetUserStats", "GetBookingStats", "GetConsultationStats", "GetPaymentStats"]) {
    gateway.stubs.stubs.set(name, unavailable);
  }
  expect((await get("/v1/admin/stats")).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
});

test("the refusal of one service refuses the call", async () => {
  gateway.stubs.stubs.set("GetBookingStats", refuse).set("GetPaymentStats", unavailable);
  expect((await get("/v1/admin/stats")).json).toMatchObject({ status: 403, reason: "PERMISSION_DENIED" });
});

test("each service gets the caller's token", async () => {
  gateway.stubs.calls.length = 0;
  await get("/v1/admin/stats");
  expect(gateway.stubs.calls.map(({ metadata }) => metadata.authorization)).toEqual(
    Array(4).fill(admin.authorization),
  );
});

test("a token is required", async () => {
  expect((await gateway.send("GET", "/v1/admin/stats")).status).toBe(401);
});
