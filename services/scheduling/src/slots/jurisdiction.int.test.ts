import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids.ts";
import { canonicalRegion } from "@medconnect/platform/regions.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  BookingServiceService,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  CreateLicenseRequest,
  LicenseServiceService,
  RevokeLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import {
  ListSlotsRequest,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { bookSlot } from "../bookings/book-slot.ts";
import { searchDoctors } from "../doctors/search-doctors.ts";
import type { Jurisdiction } from "../jurisdiction.ts";
import { createLicense } from "../licenses/create-license.ts";
import { revokeLicense } from "../licenses/decide-license.ts";
import { sweepUnlicensedBookings } from "../licenses/end-unlicensed-bookings.ts";
import { applyUserEvent } from "../people/apply-user-event.ts";
import { Desk, HOLD_MS, MINUTE_MS } from "../testing.ts";
import { getSlot, listSlots } from "./read-slots.ts";

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

const DAY_MINUTES = 24 * 60;
const under = (jurisdiction: Jurisdiction): Scheduling => ({ ...desk.app, jurisdiction });

async function license(region: string, days?: number) {
  const request = CreateLicenseRequest.fromPartial({
    doctorId: desk.doctor.userId,
    number: `N-${newId()}`,
    region,
    expireDate:
      days === undefined
        ? ""
        : desk
            .at(days * DAY_MINUTES)
            .toISOString()
            .slice(0, 10),
  });
  const { createLicense: method } = LicenseServiceService;
  const { response } = await invoke(method, createLicense(desk.app), desk.doctor, request);
  return await desk.verify(response.id);
}

/** A patient whose profile has a region, by auth's event. */
async function patientOf(region: string) {
  const patient = userCaller("PATIENT");
  const user = { fullName: "Paula", role: "PATIENT", disabled: false, region: canonicalRegion(region) ?? "" };
  const event = Event.fromPartial({ aggregateId: patient.userId, version: 1, user });
  await desk.app.changes.applyInternally("service:auth", (tx) => applyUserEvent(desk.app)(tx, [event]));
  return patient;
}

const book = (slotId: string, by: typeof desk.patient, app: Scheduling, patientRegion = "") => {
  const request = CreateBookingRequest.fromPartial({ slotId, patientRegion, idempotencyKey: newId() });
  return invoke(BookingServiceService.createBooking, bookSlot(app), by, request);
};

/** "yes", "no", or the reason of a refusal. */
const said = async (answer: Promise<boolean>): Promise<string> => {
  try {
    return (await answer) ? "yes" : "no";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

/** Licences of a doctor: regions and days of validity; absent: unlimited. */
const DOCTORS: Record<string, [string, number?][]> = {
  "of California": [["US-CA"]],
  "of the whole country": [["US"]],
  "of Germany": [["DE"]],
  "of California until tomorrow, and of Germany": [["US-CA", 1], ["DE"]],
  "of Puerto Rico by its own code": [["PR"]],
  "of Puerto Rico as a subdivision": [["US-PR"]],
  "of the Netherlands": [["NL"]],
};
const STARTS = { tomorrow: DAY_MINUTES, "in two days": 2 * DAY_MINUTES };
/** Regions of patients, and the licences that cover each. */
const REGIONS: Record<string, string[]> = {
  "": [],
  "US-CA": ["US-CA", "US"],
  "US-NV": ["US-NV", "US"],
  US: ["US"],
  DE: ["DE"],
  "DE-BY": ["DE-BY", "DE"],
  FR: ["FR"],
  PR: ["PR", "US-PR", "US"],
  "US-PR": ["PR", "US-PR", "US"],
  "NL-BQ1": ["NL-BQ1", "BQ-BO", "BQ", "NL"],
};

/** Expected result, computed without the code under test. */
function expected(licenses: [string, number?][], startMinutes: number, region: string, enforced: boolean) {
  if (enforced && region === "") return { book: "REGION_REQUIRED", see: "REGION_REQUIRED" };
  const valid = licenses.filter(([, days]) => days === undefined || days * DAY_MINUTES >= startMinutes);
  if (valid.length === 0) return { book: "NOT_FOUND", see: "no" };
  if (!enforced) return { book: "yes", see: "yes" };
  const isLicensed = valid.some(([its]) => REGIONS[region]!.includes(its));
  return isLicensed ? { book: "yes", see: "yes" } : { book: "NOT_LICENSED_IN_REGION", see: "no" };
}

describe.each(["off", "enforced"] as const)("with jurisdiction %s", (jurisdiction) => {
  test.each(Object.keys(DOCTORS))(
    "search, lists, reads and bookings agree about a doctor %s, for every region",
    async (kind) => {
      const licenses = DOCTORS[kind]!;
      await desk.claimLicense(0);
      for (const [region, days] of licenses) await license(region, days);
      const app = under(jurisdiction);
      const wrong: unknown[] = [];
      for (const [when, minutes] of Object.entries(STARTS)) {
        const slot = await desk.offer(minutes);
        const doctorId = desk.doctor.userId;
        const times = {
          startTime: slot.startTime!,
          endTime: new Date(slot.startTime!.getTime() + MINUTE_MS),
        };
        const search = SearchDoctorsRequest.fromPartial({
          availableFrom: times.startTime,
          availableTo: times.endTime,
          pageSize: 100,
        });
        for (const region of Object.keys(REGIONS)) {
          const patient = await patientOf(region);
          const seen = {
            search: await said(
              invoke(DoctorServiceService.searchDoctors, searchDoctors(app), patient, search).then(
                ({ response }) => response.doctors.some(({ id }) => id === doctorId),
              ),
            ),
            list: await said(
              invoke(
                SlotServiceService.listSlots,
                listSlots(app),
                patient,
                ListSlotsRequest.fromPartial({ doctorId, ...times }),
              ).then(({ response }) => response.slots.some(({ id }) => id === slot.id)),
            ),
            get: await said(
              invoke(SlotServiceService.getSlot, getSlot(app), patient, { slotId: slot.id, region: "" }).then(
                () => true,
              ),
            ),
            book: await said(book(slot.id, patient, app).then(() => true)),
          };
          const { book: booked, see } = expected(licenses, minutes, region, jurisdiction === "enforced");
          const right = { search: see, list: see, get: see === "no" ? "NOT_FOUND" : see, book: booked };
          if (JSON.stringify(seen) !== JSON.stringify(right)) wrong.push({ when, region, seen, right });
          await desk.app.db.write("UPDATE slots SET status = 'OPEN', booking_id = NULL WHERE id = ?", [
            slot.id,
          ]);
          await desk.app.db.write("DELETE FROM bookings WHERE slot_id = ?", [slot.id]);
        }
      }
      expect(wrong).toEqual([]);
    },
    60_000,
  );
});

test("a booking stores the region, and the audit trail its source", async () => {
  await desk.publish(0);
  const [one, other, third] = [await desk.offer(60), await desk.offer(120), await desk.offer(180)];
  const patient = await patientOf("US-NV");
  const stated = await book(one.id, patient, under("off"), "US-CA");
  const defaulted = await book(other.id, patient, under("off"));
  const unknown = await book(third.id, userCaller("PATIENT"), under("off"));
  const seen = [];
  for (const { response } of [stated, defaulted, unknown]) {
    const lines = await desk.app.db.read<{ action: string }>(
      "SELECT action FROM audit_events WHERE resource = ? AND action LIKE '%region%'",
      [`bookings/${response.id}`],
    );
    seen.push([response.patientRegion, ...lines.map(({ action }) => action)]);
    expect((await desk.read(response.id, desk.doctor)).patientRegion).toBe(response.patientRegion);
  }
  expect(seen).toEqual([["US-CA", "booking.state_region"], ["US-NV", "booking.region_from_profile"], [""]]);
});

describe("with jurisdiction enforced, a booking of a patient from elsewhere", () => {
  const revoke = (licenseId: string) => {
    const { revokeLicense: method } = LicenseServiceService;
    const request = RevokeLicenseRequest.fromPartial({ licenseId, reason: "Struck off" });
    return invoke(method, revokeLicense(under("enforced")), desk.admin, request);
  };

  test("is cancelled when the licence for the region is revoked, although another one is left", async () => {
    await desk.publish(0);
    const german = await license("DE");
    const kept = await book((await desk.offer(60)).id, await patientOf("US-CA"), under("enforced"));
    const lost = await book((await desk.offer(120)).id, await patientOf("DE-BY"), under("enforced"));
    await revoke(german.id);
    expect((await desk.read(kept.response.id, desk.admin)).status).toBe("CONFIRMED");
    expect((await desk.read(lost.response.id, desk.admin)).status).toBe("CANCELLED");
    await sweepUnlicensedBookings(under("enforced"))();
    expect((await desk.read(kept.response.id, desk.admin)).status).toBe("CONFIRMED");
  });

  test("is not confirmed by a payment after the licence was revoked", async () => {
    await desk.publish(5000);
    const german = await license("DE");
    const slot = await desk.offer(120);
    const { response: held } = await book(slot.id, await patientOf("DE"), under("enforced"));
    desk.app.clock.advance(HOLD_MS);
    await revoke(german.id);
    await desk.authorized(held.id, under("enforced"));
    expect((await desk.outboxTypes(held.id)).at(-1)).toBe("booking.payment_refused");
  });
});
