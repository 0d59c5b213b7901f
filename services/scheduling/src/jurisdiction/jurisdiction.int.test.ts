import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { canonicalRegion } from "@medconnect/platform/i18n/regions.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  type Booking,
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
  type Slot,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { applyUserEvents } from "../accounts/apply-user-events.ts";
import type { Scheduling } from "../app.ts";
import { bookSlot } from "../bookings/book-slot.ts";
import { sweepUnlicensedBookings } from "../endings/end-unlicensed-bookings.ts";
import { createLicense } from "../licenses/create-license.ts";
import { revokeLicense } from "../licenses/decide-license.ts";
import { getDoctor } from "../profiles/get-doctor.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { getSlot, listSlots } from "../slots/read-slots.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import type { Jurisdiction } from "./jurisdiction.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const DAY_MINUTES = 24 * 60;
const under = (jurisdiction: Jurisdiction): Scheduling => ({ ...fixture.app, jurisdiction });

async function license(region: string, days?: number, app?: Scheduling) {
  const request = CreateLicenseRequest.fromPartial({
    doctorId: fixture.doctor.userId,
    number: `N-${newId()}`,
    region,
    expireDate:
      days === undefined
        ? ""
        : fixture
            .at(days * DAY_MINUTES)
            .toISOString()
            .slice(0, 10),
  });
  const { createLicense: method } = LicenseServiceService;
  const { response } = await invoke(method, bound(createLicense, fixture.app), fixture.doctor, request);
  return await fixture.verify(response.id, app);
}

/** Creates a patient with a region in the profile. */
async function patientOf(region: string) {
  const patient = userCaller("PATIENT");
  const user = { fullName: "Paula", role: "PATIENT", disabled: false, region: canonicalRegion(region) ?? "" };
  const event = Event.fromPartial({
    aggregateId: patient.userId,
    version: 1,
    state: { $case: "user", value: user },
  });
  await fixture.app.transactions.run("service:auth", (tx) =>
    applyEvent(tx, applyUserEvents(fixture.app), event, fixture.app.businessClock),
  );
  return patient;
}

const book = (slotId: string, by: typeof fixture.patient, app: Scheduling, patientRegion = "") => {
  const request = CreateBookingRequest.fromPartial({ slotId, patientRegion, idempotencyKey: newId() });
  return invoke(BookingServiceService.createBooking, bound(bookSlot, app), by, request);
};

/** Result of a call in one word: "yes" for true, "no" for false, or the reason of its error. */
const said = async (answer: Promise<boolean>): Promise<string> => {
  try {
    return (await answer) ? "yes" : "no";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

interface TestDoctor {
  /**
   * Region of each licence, and the days for which the licence is valid; without days, the licence is
   * unlimited.
   */
  licenses: [string, number?][];
  /** SQL that hides the doctor. */
  hide?: string;
}
const licensed = (...licenses: [string, number?][]): TestDoctor => ({ licenses });
const DOCTORS: Record<string, TestDoctor> = {
  "of California": licensed(["US-CA"]),
  "of the whole country": licensed(["US"]),
  "of Germany": licensed(["DE"]),
  "of California until tomorrow, and of Germany": licensed(["US-CA", 1], ["DE"]),
  "of California until tomorrow": licensed(["US-CA", 1]),
  "of Puerto Rico by its own code": licensed(["PR"]),
  "of Puerto Rico as a subdivision": licensed(["US-PR"]),
  "of the Netherlands": licensed(["NL"]),
  "without a verified licence": {
    licenses: [["US-CA"]],
    hide: `UPDATE doctors d JOIN licenses l ON l.doctor_id = d.id SET l.status = 'PENDING', d.licensed_until = NULL
      WHERE d.id = ?`,
  },
  "with a disabled account": {
    licenses: [["US-CA"]],
    hide: "UPDATE doctors SET hidden = TRUE WHERE id = ?",
  },
};
const STARTS = { tomorrow: DAY_MINUTES, "in two days": 2 * DAY_MINUTES };
/** Starts of the slots to look at. The day matters only if a licence ends. */
const startsFor = ({ licenses }: TestDoctor) =>
  Object.entries(STARTS).slice(0, licenses.some(([, days]) => days !== undefined) ? 2 : 1);
/** Regions of patients, each with the regions of the licences that cover it. */
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

/** A slot of the doctor under test, and a booking of the doctor at another time than the slot's. */
interface Arrangement {
  app: Scheduling;
  slot: Slot;
  booked: Booking;
}

/**
 * Makes all calls that depend on a region, and returns their results. The region comes from the patient's
 * profile, the request, or the booking.
 */
async function look({ app, slot, booked }: Arrangement, region: string) {
  const { doctorId, startTime } = slot;
  const times = { startTime: startTime!, endTime: new Date(startTime!.getTime() + MINUTE_MS) };
  const range = { availableFrom: times.startTime, availableTo: times.endTime, pageSize: 100 };
  const search = async (by: typeof fixture.patient, asked: string) => {
    const request = SearchDoctorsRequest.fromPartial({ ...range, region: asked });
    const { searchDoctors: method } = DoctorServiceService;
    const { response } = await invoke(method, bound(searchDoctors, app), by, request);
    return response.doctors.some(({ id }) => id === doctorId);
  };
  const list = async (by: typeof fixture.patient, asked: string) => {
    const request = ListSlotsRequest.fromPartial({ doctorId, ...times, region: asked });
    const { response } = await invoke(SlotServiceService.listSlots, bound(listSlots, app), by, request);
    return response.slots.some(({ id }) => id === slot.id);
  };
  const get = async (by: typeof fixture.patient, asked: string) => {
    await invoke(SlotServiceService.getSlot, bound(getSlot, app), by, { slotId: slot.id, region: asked });
    return true;
  };
  const next = async (by: typeof fixture.patient) => {
    const { getDoctor: method } = DoctorServiceService;
    const { response } = await invoke(method, bound(getDoctor, app), by, { doctorId });
    return response.nextAvailableTime?.getTime() === startTime!.getTime();
  };
  const bookOnce = async (by: typeof fixture.patient, stated: string) => {
    const { response } = await book(slot.id, by, app, stated);
    await fixture.app.db.write("UPDATE slots SET status = 'OPEN', booking_id = NULL WHERE id = ?", [
      binaryId(slot.id),
    ]);
    await fixture.app.db.write("DELETE FROM bookings WHERE id = ?", [binaryId(response.id)]);
    return true;
  };
  const moveThereAndBack = async () => {
    await fixture.app.db.write("UPDATE bookings SET patient_region = ? WHERE id = ?", [
      canonicalRegion(region) ?? "",
      binaryId(booked.id),
    ]);
    await fixture.reschedule(booked.id, slot.id, fixture.patient, "", app);
    await fixture.reschedule(booked.id, booked.slotId);
    return true;
  };
  const home = await patientOf(region);
  const abroad = userCaller("PATIENT");
  return {
    search: await said(search(home, "")),
    list: await said(list(home, "")),
    get: await said(get(home, "")),
    next: await said(next(home)),
    book: await said(bookOnce(home, "")),
    "search, requested": await said(search(abroad, region)),
    "list, requested": await said(list(abroad, region)),
    "get, requested": await said(get(abroad, region)),
    "book, requested": await said(bookOnce(abroad, region)),
    move: await said(moveThereAndBack()),
  };
}

/** Expected results of `look`, computed without the code under test. */
function expected({ licenses, hide }: TestDoctor, startMinutes: number, region: string, enforced: boolean) {
  const valid = licenses.filter(([, days]) => days === undefined || days * DAY_MINUTES >= startMinutes);
  const practises = hide === undefined && valid.length > 0;
  const isLicensed = practises && valid.some(([its]) => REGIONS[region]!.includes(its));
  const see = (matters: boolean) => {
    const isShown = matters ? isLicensed : practises;
    const isUnknown = enforced && region === "";
    return {
      search: isUnknown ? "REGION_REQUIRED" : isShown ? "yes" : "no",
      list: isUnknown ? "REGION_REQUIRED" : hide ? "NOT_FOUND" : isShown ? "yes" : "no",
      get: !practises ? "NOT_FOUND" : isUnknown ? "REGION_REQUIRED" : isShown ? "yes" : "NOT_FOUND",
      // If the patient's region is unknown, the profile shows the next slot that a patient of any region can
      // book.
      next: hide ? "NOT_FOUND" : (isUnknown ? practises : isShown) ? "yes" : "no",
      book: !practises
        ? "NOT_FOUND"
        : isUnknown
          ? "REGION_REQUIRED"
          : !enforced || isLicensed
            ? "yes"
            : "NOT_LICENSED_IN_REGION",
    };
  };
  const requested = see(enforced || region !== "");
  return {
    ...see(enforced),
    "search, requested": requested.search,
    "list, requested": requested.list,
    "get, requested": requested.get,
    "book, requested": requested.book,
    // A booking without a region was made before JURISDICTION was enforced, so it can still be moved.
    move: requested.book === "REGION_REQUIRED" ? "yes" : requested.book,
  };
}

describe.each(["off", "enforced"] as const)("with jurisdiction %s", (jurisdiction) => {
  test.each(Object.keys(DOCTORS))(
    "searches, lists, reads, bookings and moves agree about a doctor %s, for every region",
    async (kind) => {
      const doctor = DOCTORS[kind]!;
      await fixture.claimLicense(0);
      for (const [region, days] of doctor.licenses) await license(region, days);
      const { response: booked } = await fixture.book((await fixture.createSlot(DAY_MINUTES + 60)).id);
      const slots = [];
      for (const [when, minutes] of startsFor(doctor))
        slots.push({ when, minutes, slot: await fixture.createSlot(minutes) });
      if (doctor.hide) await fixture.app.db.write(doctor.hide, [binaryId(fixture.doctor.userId)]);
      const wrong: unknown[] = [];
      for (const { when, minutes, slot } of slots) {
        for (const region of Object.keys(REGIONS)) {
          const seen = await look({ app: under(jurisdiction), slot, booked }, region);
          const right = expected(doctor, minutes, region, jurisdiction === "enforced");
          if (!isDeepStrictEqual(seen, right)) wrong.push({ when, region, seen, right });
        }
        await fixture.app.db.write("UPDATE slots SET status = 'WITHDRAWN' WHERE id = ?", [binaryId(slot.id)]);
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});

test("a move to a hidden doctor's slot is refused like a move to an unknown slot", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(2 * DAY_MINUTES)).id);
  fixture.doctor = userCaller("DOCTOR");
  await fixture.claimLicense(0);
  const { id: hidden } = await fixture.createSlot(3 * DAY_MINUTES);
  for (const slotId of [hidden, newId()])
    await expect(fixture.reschedule(booking.id, slotId)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("with jurisdiction enforced, a service account states the region, because it has no profile", async () => {
  const system: Caller = {
    kind: "serviceAccount",
    accountId: newId(),
    sessionId: newId(),
    scopes: new Set(),
  };
  const { searchDoctors: method } = DoctorServiceService;
  const search = (region: string) =>
    invoke(
      method,
      bound(searchDoctors, under("enforced")),
      system,
      SearchDoctorsRequest.fromPartial({ region }),
    );
  await expect(search("")).rejects.toMatchObject({ reason: "REGION_REQUIRED" });
  expect((await search("FR")).response.doctors).toEqual([]);
});

test("a booking stores the region, and the audit log its source", async () => {
  await fixture.createDoctor(0);
  const [one, other, third] = [
    await fixture.createSlot(60),
    await fixture.createSlot(120),
    await fixture.createSlot(180),
  ];
  const patient = await patientOf("US-NV");
  const stated = await book(one.id, patient, under("off"), "US-CA");
  const defaulted = await book(other.id, patient, under("off"));
  const unknown = await book(third.id, userCaller("PATIENT"), under("off"));
  const seen = [];
  for (const { response } of [stated, defaulted, unknown]) {
    const lines = await fixture.app.db.read<{ action: string }>(
      "SELECT action FROM audit_events WHERE resource = ? AND action LIKE '%region%'",
      [`bookings/${response.id}`],
    );
    seen.push([response.patientRegion, ...lines.map(({ action }) => action)]);
    expect((await fixture.read(response.id, fixture.doctor)).patientRegion).toBe(response.patientRegion);
  }
  expect(seen).toEqual([["US-CA", "booking.state_region"], ["US-NV", "booking.region_from_profile"], [""]]);
});

describe("with jurisdiction enforced, a booking of a patient from another region", () => {
  const revoke = (licenseId: string) => {
    const { revokeLicense: method } = LicenseServiceService;
    const request = RevokeLicenseRequest.fromPartial({ licenseId, reason: "Struck off" });
    return invoke(method, bound(revokeLicense, under("enforced")), fixture.admin, request);
  };

  test("is cancelled when the licence for the region is revoked, even if another licence is left", async () => {
    await fixture.createDoctor(0);
    const german = await license("DE");
    const kept = await book((await fixture.createSlot(60)).id, await patientOf("US-CA"), under("enforced"));
    const lost = await book((await fixture.createSlot(120)).id, await patientOf("DE-BY"), under("enforced"));
    await revoke(german.id);
    expect((await fixture.read(kept.response.id, fixture.admin)).status).toBe("CONFIRMED");
    expect((await fixture.read(lost.response.id, fixture.admin)).status).toBe("CANCELLED");
    await sweepUnlicensedBookings(under("enforced"))();
    expect((await fixture.read(kept.response.id, fixture.admin)).status).toBe("CONFIRMED");
  });

  test("that was made before the enforcement stays until a licence is revoked", async () => {
    await fixture.createDoctor(0);
    const german = await license("DE");
    const { response: booking } = await book(
      (await fixture.createSlot(60)).id,
      await patientOf("FR"),
      under("off"),
    );
    const status = async () => (await fixture.read(booking.id, fixture.admin)).status;
    await license("NL", undefined, under("enforced"));
    await sweepUnlicensedBookings(under("enforced"))();
    expect(await status()).toBe("CONFIRMED");
    await revoke(german.id);
    expect(await status()).toBe("CANCELLED");
  });

  test("is not confirmed by a payment after the licence was revoked", async () => {
    await fixture.createDoctor(5000);
    const german = await license("DE");
    const slot = await fixture.createSlot(120);
    const { response: held } = await book(slot.id, await patientOf("DE"), under("enforced"));
    fixture.app.clock.advance(HOLD_MS);
    await revoke(german.id);
    await fixture.paymentAuthorized(held.id, under("enforced"));
    expect((await fixture.outboxTypes(held.id)).at(-1)).toBe("booking.payment_refused");
  });
});
