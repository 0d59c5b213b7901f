import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { rowsRead } from "@medconnect/platform/testing/rows-read.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  BookingServiceService,
  ListBookingsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  ListSlotsRequest,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { listBookings } from "../bookings/read-bookings.ts";
import { findProfile } from "../profiles/profile-store.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { listSlots } from "./read-slots.ts";

/** Number of slots in each `list_class`, and of free slots whose start has passed. */
const SLOTS = 10_000;
/**
 * Maximum number of rows that a list may read, as counted by `rowsRead`. The limit allows for the rows of a
 * page, and for the rows that the counting itself reads.
 */
const FEW_ROWS = 1000;
const DAY_MINUTES = 24 * 60;

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  fixture.renewPeople();
  await fixture.createDoctor(0);
  for (const status of ["WITHDRAWN", "BLOCKED", "BOOKED"] as const) await addSlots(status, 1);
  await addSlots("OPEN", -40);
  await fixture.createSlot(60 * DAY_MINUTES);
  await fixture.app.db.write("ANALYZE TABLE slots");
});
afterAll(() => fixture.close());

async function addSlots(status: "OPEN" | "WITHDRAWN" | "BLOCKED" | "BOOKED", day: number): Promise<void> {
  await fixture.app.db.write(
    `INSERT INTO slots (id, doctor_id, start_time, end_time, status, fee_minor)
     WITH RECURSIVE a (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM a WHERE n < 99),
       m (n) AS (SELECT 5 * (100 * a.n + b.n) FROM a, a AS b)
     SELECT UUID_TO_BIN(UUID()), ?, ? + INTERVAL m.n MINUTE, ? + INTERVAL m.n + 5 MINUTE, ?, 0 FROM m`,
    [binaryId(fixture.doctor.userId), inDays(day), inDays(day), status],
  );
}

const inDays = (days: number) => new Date(fixture.app.clock.now().getTime() + days * DAY_MINUTES * MINUTE_MS);

test(`${SLOTS} booked, withdrawn, blocked and past slots each cost nothing in a profile`, async () => {
  const { db, clock } = fixture.app;
  const rows = await rowsRead(db, "read", async () => {
    const doctor = await findProfile(db, fixture.doctor.userId, clock.now());
    expect(doctor?.nextAvailableTime).toEqual(inDays(60));
  });
  expect(rows).toBeLessThan(FEW_ROWS);
});

test.each([{}, { availableFrom: "2030-01-01T00:00:00Z" }])("nor in a search with %j", async (filter) => {
  const request = SearchDoctorsRequest.fromPartial({
    availableFrom: filter.availableFrom ? new Date(filter.availableFrom) : undefined,
  });
  const rows = await rowsRead(fixture.app.db, "scan", async () => {
    const { searchDoctors: method } = DoctorServiceService;
    const { response } = await invoke(
      method,
      bound(searchDoctors, fixture.app),
      userCaller("PATIENT"),
      request,
    );
    expect(response.doctors.map(({ nextAvailableTime }) => nextAvailableTime)).toEqual([inDays(60)]);
  });
  expect(rows).toBeLessThan(FEW_ROWS);
});

test.each([
  ["STATUS_UNSPECIFIED", "read"],
  ["OPEN", "scan"],
  ["HELD", "scan"],
  ["BOOKED", "read"],
  ["EXPIRED", "scan"],
  ["BLOCKED", "read"],
  ["WITHDRAWN", "read"],
] as const)("nor in the doctor's list of slots with status %s", async (status, pool) => {
  const request = ListSlotsRequest.fromPartial({ doctorId: fixture.doctor.userId, status });
  const rows = await rowsRead(fixture.app.db, pool, () =>
    invoke(SlotServiceService.listSlots, bound(listSlots, fixture.app), fixture.doctor, request),
  );
  expect(rows).toBeLessThan(FEW_ROWS);
});

test("nor in a patient's list of slots", async () => {
  const request = ListSlotsRequest.fromPartial({ doctorId: fixture.doctor.userId });
  const rows = await rowsRead(fixture.app.db, "read", async () => {
    const { response } = await invoke(
      SlotServiceService.listSlots,
      bound(listSlots, fixture.app),
      fixture.patient,
      request,
    );
    expect(response.slots).toHaveLength(1);
  });
  expect(rows).toBeLessThan(FEW_ROWS);
});

test.each([
  ["a status", { status: "CANCELLED" }],
  ["a patient, for the doctor", { patientId: "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21" }],
] as const)(
  "a list of bookings by %s, a filter outside every key, uses the connections for scans",
  async (_, filter) => {
    const db = Object.create(fixture.app.db, {
      read: { value: () => Promise.reject(new Error("a scan on the connections of bookings")) },
      scan: { value: fixture.app.db.scan.bind(fixture.app.db) },
    });
    const request = ListBookingsRequest.fromPartial(filter);
    const { response } = await invoke(
      BookingServiceService.listBookings,
      bound(listBookings, { ...fixture.app, db }),
      fixture.doctor,
      request,
    );
    expect(response.bookings).toEqual([]);
  },
);

test.each(["profile", "search"])("free slots after the first cost nothing in a %s", async (kind) => {
  const { db, clock } = fixture.app;
  await addSlots("OPEN", 61);
  const rows = await rowsRead(db, kind === "profile" ? "read" : "scan", async () => {
    if (kind === "profile") return await findProfile(db, fixture.doctor.userId, clock.now());
    const { searchDoctors: method } = DoctorServiceService;
    return await invoke(
      method,
      bound(searchDoctors, fixture.app),
      fixture.patient,
      SearchDoctorsRequest.fromPartial({}),
    );
  });
  expect(rows).toBeLessThan(FEW_ROWS);
});
