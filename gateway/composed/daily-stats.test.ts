import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { GATEWAY_TOKEN_KEY } from "@medconnect/platform/grpc/origin.ts";
import { decodeJwt } from "jose";
import { refuse, unavailable } from "../testing/stub-errors.ts";
import type { Stub } from "../testing/stub-services.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
let admin: { authorization: string };
beforeAll(async () => {
  gateway = await startTestGateway();
  admin = await gateway.signedIn("ADMIN");
});
afterAll(() => gateway.close());
afterEach(() => gateway.stubs.stubs.clear());

const read = (query = "") => gateway.send("GET", `/v1/admin/stats/daily${query}`, { headers: admin });

/** Sets one stub for each service; the others answer without figures. All services share a stub server. */
const answers = (byService: Record<string, Stub>) =>
  gateway.stubs.stubs.set("GetDailyStats", (call) => {
    const { aud } = decodeJwt(String(call.metadata[GATEWAY_TOKEN_KEY]));
    return byService[String(aud)]?.(call) ?? { startDate: "2030-03-01" };
  });

const series = (figure: string, values: string[], label = "") => ({ figure, label, values });

test("the series of all services are combined", async () => {
  answers({
    auth: () => ({
      startDate: "2030-03-01",
      series: [series("REGISTRATIONS", ["1", "0"], "PATIENT")],
    }),
    billing: () => ({
      startDate: "2030-03-01",
      series: [
        series("AMOUNT_CAPTURED", ["0", "9007199254740991"], "EUR"),
        series("AMOUNT_REFUNDED", ["-5", "0"], "EUR"),
      ],
    }),
  });
  const { status, json } = await read();
  expect(status).toBe(200);
  expect(json).toEqual({
    startDate: "2030-03-01",
    series: [
      series("REGISTRATIONS", ["1", "0"], "PATIENT"),
      series("AMOUNT_CAPTURED", ["0", "9007199254740991"], "EUR"),
      series("AMOUNT_REFUNDED", ["-5", "0"], "EUR"),
    ],
    readTime: expect.any(String),
    unavailable: [],
  });
});

test("each service gets the range and the caller's token", async () => {
  gateway.stubs.calls.length = 0;
  answers({});
  await read("?endDate=2030-03-01&days=366");
  expect(gateway.stubs.calls.map(({ request, metadata }) => [request, metadata.authorization])).toEqual(
    Array(4).fill([{ endDate: "2030-03-01", days: 366 }, admin.authorization]),
  );
});

test("a service that answers for the day before is shifted by a day", async () => {
  answers({
    scheduling: () => ({
      startDate: "2030-02-28",
      series: [series("BOOKINGS_CREATED", ["1", "2", "3"])],
    }),
    clinical: () => ({
      startDate: "2030-03-01",
      series: [series("CONSULTATIONS_COMPLETED", ["4", "5", "6"])],
    }),
  });
  expect((await read()).json).toMatchObject({
    startDate: "2030-03-01",
    series: [series("BOOKINGS_CREATED", ["2", "3", "0"]), series("CONSULTATIONS_COMPLETED", ["4", "5", "6"])],
  });
});

test("an unavailable service is named, and the others' figures are shown", async () => {
  answers({
    auth: unavailable,
    billing: () => ({ startDate: "2030-03-01", series: [series("AMOUNT_CAPTURED", ["7"], "EUR")] }),
  });
  const { status, json } = await read();
  expect(status).toBe(200);
  expect(json).toMatchObject({ unavailable: ["auth"], series: [series("AMOUNT_CAPTURED", ["7"], "EUR")] });
});

test("the call fails if all services are unavailable, and if one refuses it", async () => {
  gateway.stubs.stubs.set("GetDailyStats", unavailable);
  expect((await read()).json).toMatchObject({ status: 503, reason: "UNAVAILABLE" });
  answers({ scheduling: refuse, clinical: unavailable });
  expect((await read()).json).toMatchObject({ status: 403, reason: "PERMISSION_DENIED" });
});

test.each([
  ["days=367", "days"],
  ["days=-1", "days"],
  ["days=all", "days"],
  ["endDate=yesterday", "endDate"],
  ["endDate=2200-01-01", "endDate"],
])("%s is refused before a service is called", async (query, field) => {
  gateway.stubs.calls.length = 0;
  expect((await read(`?${query}`)).json).toMatchObject({
    status: 400,
    reason: "INVALID_REQUEST",
    errors: [expect.objectContaining({ field })],
  });
  expect(gateway.stubs.calls).toEqual([]);
});
