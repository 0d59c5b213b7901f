import { expect, test } from "@jest/globals";
import { encode } from "../testing/encode.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

test("the body fills all fields", () => {
  const headers = { "idempotency-key": '"k-1"' };
  expect(encode("CreateBooking", { body: { slotId: ID, reason: "🤒" }, headers })).toEqual({
    slotId: ID,
    reason: "🤒",
    idempotencyKey: "k-1",
  });
});

test("path and body fill one message", () => {
  expect(encode("CancelBooking", { values: [ID], body: { reason: "ill" } })).toEqual({
    bookingId: ID,
    reason: "ill",
  });
});

test("query parameters have their fields' types", () => {
  const query =
    "pageSize=5&status=CONFIRMED&startTime=2026-03-01T09:00:00%2B01:00&pageToken=a%20b%2B&endTime=2026-04-01T00:00:00Z";
  expect(encode("ListBookings", { query })).toEqual({
    pageSize: 5,
    status: "CONFIRMED",
    startTime: "2026-03-01T08:00:00Z",
    endTime: "2026-04-01T00:00:00Z",
    pageToken: "a b+",
  });
  expect(encode("SearchDoctors", { query: "maxFeeMinor=0&query=heart+doctor&" })).toEqual({
    maxFeeMinor: "0",
    query: "heart doctor",
  });
});

test.each([undefined, {}])("an absent body equals {}", (body) => {
  expect(encode("Logout", { body })).toEqual({});
});

test("null equals an absent field", () => {
  expect(encode("CreateBooking", { body: { slotId: ID, reason: null } })).toEqual({ slotId: ID });
});

test("numbers may be strings or numbers, in lists and nested messages", () => {
  const slots = [{ startTime: "2026-03-01T09:00:00Z", endTime: "2026-03-01T09:30:00.5Z" }];
  expect(encode("BatchCreateSlots", { values: [ID], body: { slots } })).toEqual({
    doctorId: ID,
    slots: [{ startTime: "2026-03-01T09:00:00Z", endTime: "2026-03-01T09:30:00.500Z" }],
  });
  const doctor = { fee: { currencyCode: "USD", amountMinor: 5000 }, languages: ["en", "de"] };
  expect(encode("CreateDoctor", { body: doctor })).toEqual({
    fee: { currencyCode: "USD", amountMinor: "5000" },
    languages: ["en", "de"],
  });
});
