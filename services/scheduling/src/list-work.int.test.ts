import type { JsonValue } from "@bufbuild/protobuf";
import { afterAll, beforeAll } from "@jest/globals";
import {
  copyRow,
  type ListUnderTest,
  listUnderTest,
  NEW_ID,
} from "@medconnect/platform/testing/list-work.ts";
import {
  FOREIGN_ROWS as FOREIGN,
  OWN_ROWS as OWN,
  testListWork,
} from "@medconnect/platform/testing/list-work-tests.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { DoctorServiceService } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { listBookings } from "./bookings/read-bookings.ts";
import { listDoctorLicenses, listLicenses } from "./licenses/read-licenses.ts";
import { searchDoctors } from "./profiles/search-doctors.ts";
import { listSlots } from "./slots/read-slots.ts";
import { SchedulingFixture } from "./testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;
let lists: ListUnderTest<SchedulingFixture["app"]>[];
let values: Record<string, JsonValue>;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  fixture.renewPeople();
  await fixture.createDoctor(0);
  const { db } = fixture.app;
  const slot = await fixture.createSlot(60);
  const booking = (await fixture.book(slot.id)).response;
  const [license] = await db.read<{ id: string }>("SELECT id FROM licenses");
  const later = {
    start_time: "t.start_time + INTERVAL 5 * n MINUTE",
    end_time: "t.start_time + INTERVAL 5 * n + 5 MINUTE",
  };
  const booked = { ...later, id: NEW_ID, slot_id: NEW_ID, reason: "NULL" };
  const aged = { id: NEW_ID, create_time: "t.create_time - INTERVAL n MINUTE" };
  await copyRow(db, "slots", slot.id, OWN, { ...later, id: NEW_ID, status: "'OPEN'" });
  await copyRow(db, "slots", slot.id, FOREIGN, { ...later, id: NEW_ID, doctor_id: NEW_ID });
  await copyRow(db, "bookings", booking.id, OWN, { ...booked, patient_id: NEW_ID });
  await copyRow(db, "bookings", booking.id, OWN, { ...booked, doctor_id: NEW_ID });
  await copyRow(db, "bookings", booking.id, FOREIGN, {
    ...booked,
    doctor_id: NEW_ID,
    patient_id: NEW_ID,
  });
  await copyRow(db, "licenses", license!.id, OWN, { ...aged, number: "n", status: "'REVOKED'" });
  await copyRow(db, "licenses", license!.id, FOREIGN, { ...aged, number: "n", doctor_id: NEW_ID });
  await copyRow(db, "doctors", fixture.doctor.userId, FOREIGN, aged);
  await db.write("ANALYZE TABLE slots, bookings, licenses, doctors");

  lists = [
    listUnderTest(DoctorServiceService.searchDoctors, searchDoctors, fixture.patient),
    listUnderTest(LicenseServiceService.listDoctorLicenses, listDoctorLicenses, fixture.doctor),
    listUnderTest(LicenseServiceService.listLicenses, listLicenses, fixture.admin),
    listUnderTest(SlotServiceService.listSlots, listSlots, fixture.patient, fixture.doctor),
    listUnderTest(
      BookingServiceService.listBookings,
      listBookings,
      fixture.patient,
      fixture.doctor,
      fixture.admin,
    ),
  ];
  values = {
    doctorId: fixture.doctor.userId,
    patientId: fixture.patient.userId,
    startTime: fixture.at(0).toISOString(),
    endTime: fixture.at(60 * 24 * 30).toISOString(),
    region: "US-CA",
    query: "cardiology",
    specialty: "cardiology",
    language: "en",
    maxFeeMinor: "1000",
    availableFrom: fixture.at(0).toISOString(),
    availableTo: fixture.at(60 * 24 * 30).toISOString(),
    orderBy: "createTime desc",
    awaitingDecision: true,
  };
}, 300_000);
afterAll(() => fixture.close());

/**
 * Calls that may scan, because no index covers their filters: the RPC, the caller's role if it matters, and
 * the names of its filters.
 */
const SCANS = [
  "SearchDoctors",
  "ListLicenses status",
  "ListLicenses awaitingDecision",
  "ListLicenses doctorId region",
  "ListSlots DOCTOR status",
  "ListBookings status",
  "ListBookings PATIENT doctorId",
  "ListBookings DOCTOR patientId",
  "ListBookings doctorId patientId",
];

testListWork("scheduling", SCANS, () => ({ app: fixture.app, lists, values }));
