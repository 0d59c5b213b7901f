import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, logIn, PASSWORD, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json } from "../support/api.ts";
import { Grpc } from "../support/grpc.ts";
import { type Booked, book, DAY_MS, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const grpc = new Grpc(stack.addresses.scheduling);
afterAll(() => grpc.close());

let doctor: Account;
let patient: Account;
let admin: Account;
let booking: Booked;
beforeAll(async () => {
  [doctor, patient, admin] = await Promise.all([
    openPractice(api),
    signUp(api, "PATIENT"),
    signUpAdmin(api, stack),
  ]);
  booking = await book(patient, await offer(doctor, 7 * DAY_MS), " First line\r\nCafe\u0301 ");
});

/** Status of an error response, and the names of the invalid fields. */
const named = ({ status, body }: { status: number; body: Json }) => ({
  status,
  fields: ((body.errors ?? []) as Json[]).map(({ field }) => field),
});
const refused = (...fields: string[]) => ({ status: 400, fields });

describe("a UUID in upper case equals its lower case", () => {
  const upper = () => booking.id.toUpperCase();

  test("in a path, and over gRPC", async () => {
    expect((await patient.api.ok(`GET /v1/bookings/${upper()}`)).id).toBe(booking.id);
    const { body } = await grpc.call(
      "scheduling.v1.BookingService/GetBooking",
      { bookingId: upper() },
      patient,
    );
    expect(body.id).toBe(booking.id);
  });

  test("in a filter, and in a list that the gateway merges", async () => {
    const listed = await admin.api.ok(`GET /v1/bookings?patientId=${patient.id.toUpperCase()}`);
    expect((listed.bookings as Json[]).map(({ id }) => id)).toEqual([booking.id]);
    const events = await admin.api.ok(`GET /v1/admin/audit-events?subjectId=${patient.id.toUpperCase()}`);
    expect((events.auditEvents as Json[]).length).toBeGreaterThan(0);
  });

  test("in a path to an own resource", async () => {
    await doctor.api.ok(`PATCH /v1/doctors/${doctor.id.toUpperCase()}`, { body: { bio: "Here." } });
  });

  test("in a repeated request with its key", async () => {
    const slotId = await offer(doctor, 8 * DAY_MS);
    const key = randomUUID();
    const first = await patient.api.send("POST /v1/bookings", { key, body: { slotId, reason: "A cough" } });
    const body = { slotId: slotId.toUpperCase(), reason: " A cough\r\n" };
    const again = await patient.api.send("POST /v1/bookings", { key, body });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toEqual(first.body);
  });
});

describe("times", () => {
  test.each(["2027-02-30T10:00:00Z", "2016-12-31T23:59:60Z", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"])(
    "%s is 400 in a filter, in a body and in a batch",
    async (time) => {
      const { id } = doctor;
      expect(named(await api.send(`GET /v1/doctors/${id}/slots?startTime=${time}`))).toEqual(
        refused("startTime"),
      );
      expect(named(await api.send(`GET /v1/doctors?availableTo=${time}`))).toEqual(refused("availableTo"));
      const slot = { startTime: time, endTime: "2030-01-01T10:00:00Z" };
      const sent = await doctor.api.send(`POST /v1/doctors/${id}/slots`, { body: slot });
      expect(named(sent).fields).toContain("startTime");
      const batch = await doctor.api.send(`POST /v1/doctors/${id}/slots:batchCreate`, {
        body: { slots: [slot] },
      });
      expect(named(batch).fields).toContain("slots[0].startTime");
    },
  );

  test("finer than a millisecond are 400 over HTTP and gRPC, because they would be truncated", async () => {
    const { id } = doctor;
    const fine = "2030-01-01T09:00:00.0001Z";
    for (const path of [`doctors/${id}/slots`, "admin/audit-events"]) {
      const caller = path.startsWith("admin") ? admin.api : api;
      const sent = await caller.send(`GET /v1/${path}?startTime=${fine}`);
      expect({ path, ...named(sent) }).toEqual({ path, ...refused("startTime") });
    }
    const startTime = { seconds: 1_893_488_400, nanos: 100_000 };
    const slot = { doctorId: id, startTime, endTime: { seconds: 1_893_492_000, nanos: 0 } };
    const { reason } = await grpc.call("scheduling.v1.SlotService/CreateSlot", slot, doctor);
    expect(reason).toBe("INVALID_REQUEST");
  });

  test("a leap second has its own message", async () => {
    const { body } = await api.send("GET /v1/doctors?availableFrom=2016-12-31T23:59:60Z");
    expect(JSON.stringify(body.errors)).toContain("leap second");
  });

  test.each([
    ["GET /v1/bookings?startTime=2030-01-02T00:00:00Z&endTime=2030-01-01T00:00:00Z", "endTime"],
    ["GET /v1/consultations?startTime=2030-01-02T00:00:00Z&endTime=2030-01-01T00:00:00Z", "endTime"],
    ["GET /v1/users/me/access-log?startTime=2030-01-02T00:00:00Z&endTime=2030-01-01T00:00:00Z", "endTime"],
    ["GET /v1/doctors?availableFrom=2030-01-02T00:00:00Z&availableTo=2030-01-01T00:00:00Z", "availableTo"],
  ])("a reversed range is 400: %s", async (call, field) => {
    expect(named(await patient.api.send(call))).toEqual(refused(field));
  });

  test("a duration with trailing text is 400", async () => {
    for (const gracePeriod of ["60seconds", "3600s junk"]) {
      const call = `POST /v1/admin/service-accounts/${randomUUID()}:rotateSecret`;
      expect(named(await admin.api.send(call, { body: { gracePeriod } }))).toEqual(refused("gracePeriod"));
    }
  });
});

describe("users and doctors accept the same time zones", () => {
  const users = async () =>
    [
      [patient, "/v1/users/me"],
      [doctor, `/v1/doctors/${doctor.id}`],
    ] as const;

  test.each([
    ["Asia/Calcutta", "Asia/Kolkata"],
    ["Asia/Kolkata", "Asia/Kolkata"],
    ["Europe/Oslo", "Europe/Oslo"],
    ["america/new_york", "America/New_York"],
    ["utc", "UTC"],
  ])("%s is kept as %s", async (timeZone, kept) => {
    for (const [account, path] of await users()) {
      expect((await account.api.ok(`PATCH ${path}`, { body: { timeZone } })).timeZone).toBe(kept);
      expect((await account.api.ok(`GET ${path}`)).timeZone).toBe(kept);
    }
  });

  test.each(["+01:00", "EST", "CET", "GMT", "Mars/Olympus"])("%s is 400", async (timeZone) => {
    for (const [account, path] of await users()) {
      expect(named(await account.api.send(`PATCH ${path}`, { body: { timeZone } }))).toEqual(
        refused("timeZone"),
      );
    }
  });
});

test.each([
  [{ fee: { currencyCode: "ZZZ", amountMinor: 1 } }, "fee.currencyCode"],
  [{ fee: { currencyCode: "USD", amountMinor: "9223372036854775807" } }, "fee.amountMinor"],
  [{ languages: ["en", "EN"] }, "languages"],
  [{ specialty: "\u3164" }, "specialty"],
  [{ specialty: "Cardio\u202elogy" }, "specialty"],
])("a profile with %j is 400", async (body, field) => {
  expect(named(await doctor.api.send(`PATCH /v1/doctors/${doctor.id}`, { body }))).toEqual(refused(field));
});

test("a search for fees out of bounds is 400, with the field's name", async () => {
  expect(named(await api.send("GET /v1/doctors?maxFeeMinor=9223372036854775807"))).toEqual(
    refused("maxFeeMinor"),
  );
});

test.each(["\u200b", "\u202e", "\u3164", " ", "Jo\u202eDoe", "Jo\u3164Doe"])(
  "%j is refused as a name",
  async (fullName) => {
    const body = { email: `${randomUUID()}@example.org`, password: PASSWORD, fullName, role: "PATIENT" };
    expect(named(await api.send("POST /v1/auth/register", { body }))).toEqual(refused("fullName"));
    expect(named(await patient.api.send("PATCH /v1/users/me", { body: { fullName } }))).toEqual(
      refused("fullName"),
    );
  },
);

test("a reason keeps its lines; their ends become line feeds", async () => {
  expect((await patient.api.ok(`GET /v1/bookings/${booking.id}`)).reason).toBe("First line\nCafé");
});

test("an e-mail domain in any script equals its A-labels, and needs a dot", async () => {
  const local = randomUUID();
  const body = { email: `${local}@EXÄMPLE.test`, password: PASSWORD, fullName: "Jo Doe", role: "PATIENT" };
  const { email } = await api.ok("POST /v1/auth/register", { body });
  expect(email).toBe(`${local}@xn--exmple-cua.test`);
  for (const written of [`${local}@exämple.test`, `${local}@xn--exmple-cua.test`]) {
    expect((await logIn(api, { email: written })).email).toBe(email);
  }
  const dotless = await api.send("POST /v1/auth/register", { body: { ...body, email: "a@localhost" } });
  expect(named(dotless)).toEqual(refused("email"));
});

test("a password is compared to the last byte of its NFKC form", async () => {
  const password = " a pass\u00e9 phrase with\u200b odd\u202e ends \t";
  const account = await signUp(api, "PATIENT", { password });
  for (const form of ["NFC", "NFD"]) {
    const typed = { email: account.email, password: password.normalize(form) };
    expect((await logIn(api, typed)).id).toBe(account.id);
  }
  const trimmed = await api.send("POST /v1/auth/login", {
    body: { email: account.email, password: password.trim() },
  });
  expect(trimmed.status).toBe(401);
});
