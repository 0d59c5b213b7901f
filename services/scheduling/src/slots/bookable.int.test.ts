import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  ListSlotsRequest,
  type Slot_Status,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { getDoctor } from "../profiles/get-doctor.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { MINUTE_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { getSlot, listSlots } from "./read-slots.ts";
import { whyNotBookable } from "./slot-rules.ts";
import { findSlot } from "./slot-store.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

/** Statuses of a slot. A held slot also has the minutes until its hold ends. */
const STATES = {
  open: { status: "OPEN" },
  held: { status: "HELD", holdMinutes: 5 },
  "held until now": { status: "HELD", holdMinutes: 0 },
  "held until now, then withdrawn": { status: "HELD", holdMinutes: 0, onRelease: "WITHDRAWN" },
  booked: { status: "BOOKED" },
  blocked: { status: "BLOCKED" },
  withdrawn: { status: "WITHDRAWN" },
} as const;
/** Minutes until the slot's start. The fixture's clock is at 09:00 UTC. */
const STARTS = { "next day": 24 * 60, "in a minute": 1, now: 0, "a minute ago": -1 };
/** Last days of the doctor's licence. */
const LICENSES = {
  none: null,
  yesterday: "2029-12-31",
  today: "2030-01-01",
  tomorrow: "2030-01-02",
  endless: "9999-12-31",
};

/** States of the doctor. A full day has another booking, and the doctor wants no more. */
const DOCTORS = {
  shown: {},
  hidden: { hidden: true },
  "with an hour's notice": { minimumNotice: 3600 },
  "with a full day": { maxPerDay: 1 },
  "with a full week": { maxPerWeek: 1 },
  "with room": { maxPerDay: 2, maxPerWeek: 2 },
} as const;

const CASES = Object.keys(STATES).flatMap((state) =>
  Object.keys(STARTS).flatMap((start) =>
    Object.keys(LICENSES).flatMap((license) =>
      Object.keys(DOCTORS).map((account) => [state, start, license, account] as const),
    ),
  ),
);

/** Gives the slot and its doctor the statuses of a case. */
async function arrange(
  [state, start, license, account]: (typeof CASES)[number],
  slotId: string,
): Promise<void> {
  const { status, ...hold } = STATES[state as keyof typeof STATES];
  const startMinutes = STARTS[start as keyof typeof STARTS];
  await fixture.app.db.write(
    "UPDATE slots SET status = ?, hold_expire_time = ?, on_release = ?, start_time = ?, end_time = ? WHERE id = ?",
    [
      status,
      "holdMinutes" in hold ? fixture.at(hold.holdMinutes) : null,
      "onRelease" in hold ? hold.onRelease : "OPEN",
      fixture.at(startMinutes),
      fixture.at(startMinutes + 30),
      binaryId(slotId),
    ],
  );
  const { hidden, minimumNotice, maxPerDay, maxPerWeek } = {
    ...{ hidden: false, minimumNotice: 0, maxPerDay: 0, maxPerWeek: 0 },
    ...DOCTORS[account as keyof typeof DOCTORS],
  };
  await fixture.app.db.write(
    `UPDATE doctors SET licensed_until = ?, hidden = ?, minimum_notice = ?, max_per_day = ?, max_per_week = ?
     WHERE id = ?`,
    [
      LICENSES[license as keyof typeof LICENSES],
      hidden,
      minimumNotice,
      maxPerDay,
      maxPerWeek,
      binaryId(fixture.doctor.userId),
    ],
  );
  // Another booking on the day of the slot.
  await fixture.app.db.write(
    `UPDATE slots s JOIN slots other ON other.doctor_id = s.doctor_id AND other.id <> s.id
     SET other.status = 'BOOKED', other.local_day = s.local_day, other.start_time = s.start_time - INTERVAL 3 HOUR
     WHERE s.id = ?`,
    [binaryId(slotId)],
  );
}

/** Creates two slots of a new doctor. @returns the id of the first */
async function newSlot(): Promise<string> {
  fixture.renewPeople();
  await fixture.createDoctor(0);
  await fixture.createSlot(180);
  return (await fixture.createSlot(60)).id;
}

/** Checks for each route if a user other than the slot's doctor sees the slot. */
async function look(slotId: string) {
  const { app, doctor } = fixture;
  const row = (await findSlot(app.db, slotId, app.clock.now()))!;
  const from = row.startTime;
  const to = new Date(from.getTime() + MINUTE_MS);
  const stranger = userCaller("PATIENT");
  const doctorId = doctor.userId;
  const times = ListSlotsRequest.fromPartial({ doctorId, startTime: from, endTime: to });
  const search = SearchDoctorsRequest.fromPartial({ availableFrom: from, availableTo: to, pageSize: 100 });
  const [got, listed, profile, found] = await Promise.allSettled([
    invoke(SlotServiceService.getSlot, bound(getSlot, app), stranger, { slotId, region: "" }),
    invoke(SlotServiceService.listSlots, bound(listSlots, app), stranger, times),
    invoke(DoctorServiceService.getDoctor, bound(getDoctor, app), stranger, { doctorId }),
    invoke(DoctorServiceService.searchDoctors, bound(searchDoctors, app), stranger, search),
  ]);
  return {
    why: whyNotBookable(row, app.clock.now()) ?? "ok",
    get: outcome(got) === "ok",
    list: listed.status === "fulfilled" && listed.value.response.slots.some(({ id }) => id === slotId),
    next: profile.status === "fulfilled" && profile.value.response.nextAvailableTime !== undefined,
    search: found.status === "fulfilled" && found.value.response.doctors.some(({ id }) => id === doctorId),
  };
}

/**
 * Reads the statuses that a doctor sees of their own slot: in GetSlot, and in each list that contains the
 * slot.
 */
async function lookAsOwner(slotId: string) {
  const { app, doctor } = fixture;
  const { startTime } = (await findSlot(app.db, slotId, app.clock.now()))!;
  const range = { startTime, endTime: new Date(startTime.getTime() + MINUTE_MS) };
  const list = async (status: Slot_Status) => {
    const request = ListSlotsRequest.fromPartial({ doctorId: doctor.userId, ...range, status });
    const { response } = await invoke(SlotServiceService.listSlots, bound(listSlots, app), doctor, request);
    return response.slots.filter(({ id }) => id === slotId).map((slot) => [status, slot.status]);
  };
  const statuses = ["OPEN", "HELD", "BOOKED", "BLOCKED", "WITHDRAWN", "EXPIRED"] as const;
  const [{ response }, ...lists] = await Promise.all([
    invoke(SlotServiceService.getSlot, bound(getSlot, app), doctor, { slotId, region: "" }),
    ...statuses.map(list),
  ]);
  return { get: response.status, listed: lists.flat() };
}

/** Facts of a doctor to whom no rule but the slot's own status applies. */
const PRACTISING = {
  hidden: false,
  licensedUntil: new Date("9999-12-31T00:00:00Z"),
  minimumNotice: 0,
  isFull: false,
};

test("a doctor sees a slot as OPEN exactly if it can be booked while they practise", async () => {
  const disagreements: unknown[] = [];
  const slotId = await newSlot();
  for (const each of CASES) {
    await arrange(each, slotId);
    const { get, listed } = await lookAsOwner(slotId).catch((error: unknown) => {
      throw new Error(`${each}`, { cause: error });
    });
    const row = (await findSlot(fixture.app.db, slotId, fixture.app.clock.now()))!;
    const practising = { ...row, ...PRACTISING };
    const isBookable = whyNotBookable(practising, fixture.app.clock.now()) === undefined;
    const isAgreed = (get === "OPEN") === isBookable && isDeepStrictEqual(listed, [[get, get]]);
    if (!isAgreed) disagreements.push({ each, isBookable, get, listed });
  }
  expect(disagreements).toEqual([]);
}, 120_000);

test("lists, reads, searches, profiles and bookings agree about bookable slots", async () => {
  const disagreements: unknown[] = [];
  const counts: Record<string, number> = {};
  let slotId = await newSlot();
  for (const each of CASES) {
    await arrange(each, slotId);
    const { why, ...seen } = await look(slotId);
    const [booked] = await Promise.allSettled([fixture.book(slotId)]);
    const isBookable = why === "ok";
    const isAgreed = Object.values(seen).every((one) => one === isBookable) && outcome(booked) === why;
    if (!isAgreed) disagreements.push({ each, why, ...seen, booked: outcome(booked) });
    counts[why] = (counts[why] ?? 0) + 1;
    if (booked.status === "fulfilled") slotId = await newSlot();
  }
  expect(disagreements).toEqual([]);
  // A slot can be booked in two states: `open` and `held until now`. If the slot starts on the next day, the
  // licences `tomorrow` and `endless` are valid. If it starts in a minute, `today` is valid, too.
  expect(counts).toMatchObject({
    ok: 2 * (2 + 3) * 2 + 2 * 2,
    NOT_FOUND: expect.any(Number),
    SLOT_UNAVAILABLE: expect.any(Number),
    NOTICE_TOO_SHORT: 2 * 3,
    DOCTOR_FULLY_BOOKED: 2 * (2 + 3) * 2,
  });
}, 120_000);

test("slots of an unknown or hidden doctor are not found", async () => {
  fixture.renewPeople();
  const list = async (by: typeof fixture.patient, status: "OPEN" | "STATUS_UNSPECIFIED" | "BOOKED") => {
    const request = ListSlotsRequest.fromPartial({ doctorId: fixture.doctor.userId, status });
    return (await invoke(SlotServiceService.listSlots, bound(listSlots, fixture.app), by, request)).response
      .slots;
  };
  const NOT_FOUND = { reason: "NOT_FOUND" };
  await expect(list(fixture.patient, "OPEN")).rejects.toMatchObject(NOT_FOUND);
  await expect(list(fixture.doctor, "OPEN")).rejects.toMatchObject(NOT_FOUND);
  const license = await fixture.claimLicense(0);
  await fixture.createSlot(60);
  await expect(list(fixture.patient, "STATUS_UNSPECIFIED")).rejects.toMatchObject(NOT_FOUND);
  await expect(list(fixture.patient, "BOOKED")).rejects.toMatchObject(NOT_FOUND);
  expect(await list(fixture.doctor, "OPEN")).toHaveLength(1);
  await fixture.verify(license.id);
  expect(await list(fixture.patient, "OPEN")).toHaveLength(1);
  expect(await list(fixture.patient, "BOOKED")).toEqual([]);
});
