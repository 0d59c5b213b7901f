import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Scheduling } from "../app.ts";
import { revokeLicense } from "../licenses/decide-license.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

/** Number of times that each test runs. `npm run test:contention` runs them more often. */
const ROUNDS = Number(process.env.CONTENTION_ROUNDS ?? 2);
const rounds = Array.from({ length: ROUNDS }, (_, i) => i + 1);

let fixture: SchedulingFixture;
/**
 * Instances of scheduling that share a database, like processes. Each instance writes concurrent bookings in
 * shared transactions.
 */
let processes: Scheduling[];

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  processes = Array.from({ length: 4 }, () => ({ ...fixture.app }));
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

type Result = PromiseSettledResult<Awaited<ReturnType<SchedulingFixture["book"]>>>;

/** Books all slots at once. The processes take turns in getting the requests. */
const bookAll = (wishes: { slotId: string; patient?: ReturnType<typeof userCaller>; key?: string }[]) =>
  Promise.allSettled(
    wishes.map(({ slotId, patient = userCaller("PATIENT"), key = newId() }, i) =>
      fixture.book(slotId, patient, key, processes[i % processes.length]),
    ),
  );

const bookedBy = (results: Result[]): Booking[] =>
  results.flatMap((result) => (result.status === "fulfilled" ? result.value.response : []));

/** Ids of new, consecutive slots of `fixture.doctor`. */
async function slots(count: number, startMinutes = 60): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await fixture.createSlot(startMinutes + i * 30)).id);
  return ids;
}

/**
 * Checks that the slots have exactly the bookings in the responses. Each booking must have one audit entry of
 * its creation. Each slot must have at most one unpaid or confirmed booking.
 */
async function assertExact(slotIds: string[], answered: Booking[]): Promise<void> {
  const rows = await fixture.app.db.transaction((tx) =>
    tx.read<{ id: string; slotId: string; isLive: number; created: number }>(
      `SELECT b.id, b.slot_id AS slotId, b.status IN ('PENDING_PAYMENT', 'CONFIRMED') AS isLive,
         (SELECT COUNT(*) FROM audit_events a WHERE a.resource = CONCAT('bookings/', BIN_TO_UUID(b.id)) AND a.action = 'booking.create') AS created
       FROM bookings b WHERE b.slot_id IN (?)`,
      [slotIds.map(binaryId)],
    ),
  );
  expect(rows.map(({ id }) => id).sort()).toEqual(answered.map(({ id }) => id).sort());
  expect(rows.filter(({ created }) => created !== 1)).toEqual([]);
  const live = rows.filter(({ isLive }) => isLive).map(({ slotId }) => slotId);
  expect(new Set(live).size).toBe(live.length);
}

test.each(rounds)("of 200 patients who book one slot in four processes, one gets it (round %d)", async () => {
  await fixture.createDoctor(0);
  const slotIds = await slots(1);
  const results = await bookAll(Array.from({ length: 200 }, () => ({ slotId: slotIds[0]! })));
  expect(results.map(outcome).sort()).toEqual([...Array(199).fill("SLOT_UNAVAILABLE"), "ok"]);
  await assertExact(slotIds, bookedBy(results));
});

test.each(rounds)("a patient gets one of 20 overlapping slots (round %d)", async () => {
  const { patient } = fixture;
  // This event inserts the patient's row. A shared transaction cannot lock a missing row, so without the
  // event each booking would run in a transaction of its own.
  await fixture.accountEvent(patient, { role: "PATIENT" });
  const slotIds: string[] = [];
  for (let i = 0; i < 20; i++) {
    fixture.doctor = userCaller("DOCTOR");
    await fixture.createDoctor(0);
    slotIds.push((await fixture.createSlot(60 + i)).id);
  }
  const results = await bookAll(slotIds.map((slotId) => ({ slotId, patient })));
  expect(results.map(outcome).sort()).toEqual([...Array(19).fill("PATIENT_OVERLAP"), "ok"]);
  await assertExact(slotIds, bookedBy(results));
});

test.each(rounds)("60 copies of one request make one booking and get one response (round %d)", async () => {
  await fixture.createDoctor(0);
  const slotIds = await slots(1);
  const { patient } = fixture;
  const results = await bookAll(
    Array.from({ length: 60 }, () => ({ slotId: slotIds[0]!, patient, key: "twin" })),
  );
  expect(results.map(outcome)).toEqual(Array(60).fill("ok"));
  const replayed = results.map((result) => result.status === "fulfilled" && result.value.replayed);
  expect(replayed.filter((isReplayed) => !isReplayed)).toHaveLength(1);
  const texts = new Set(bookedBy(results).map((booking) => JSON.stringify(booking)));
  expect(texts.size).toBe(1);
  await assertExact(slotIds, bookedBy(results).slice(0, 1));
});

test.each(rounds)("free and paid slots that two patients want get one booking each (round %d)", async () => {
  await fixture.createDoctor(0);
  const free = await slots(15);
  fixture.doctor = userCaller("DOCTOR");
  await fixture.createDoctor(5000);
  const paid = await slots(15);
  const slotIds = [...free, ...paid];
  const results = await bookAll([...slotIds, ...slotIds].map((slotId) => ({ slotId })));
  expect(results.map(outcome).sort()).toEqual([
    ...Array(30).fill("SLOT_UNAVAILABLE"),
    ...Array(30).fill("ok"),
  ]);
  for (const booking of bookedBy(results)) {
    expect(booking.status).toBe(paid.includes(booking.slotId) ? "PENDING_PAYMENT" : "CONFIRMED");
  }
  await assertExact(slotIds, bookedBy(results));
});

test("while 200 patients wait for a locked slot, another one is booked", async () => {
  await fixture.createDoctor(0);
  const [locked, free] = await slots(2);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = fixture.app.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM slots WHERE id = ? FOR UPDATE", [binaryId(locked!)]);
    lock();
    await isToEnd;
  });
  await isLocked;
  const results = bookAll(Array.from({ length: 200 }, () => ({ slotId: locked! })));
  await fixture.doneOrWaiting(results);
  const others = await bookAll(processes.map(() => ({ slotId: free! })));
  expect(others.map(outcome).sort()).toEqual([...Array(processes.length - 1).fill("SLOT_UNAVAILABLE"), "ok"]);
  end();
  await holder;
  expect((await results).map(outcome).sort()).toEqual([...Array(199).fill("SLOT_UNAVAILABLE"), "ok"]);
  await assertExact([locked!, free!], bookedBy([...(await results), ...others]));
});

/** Ways to end a doctor's practice, after which the doctor must have no future booking. */
const ENDS: Record<string, (licenseId: string) => Promise<unknown>> = {
  "is disabled": () => fixture.accountEvent(fixture.doctor, { disabled: true }),
  "loses the licence": (licenseId) =>
    invoke(LicenseServiceService.revokeLicense, bound(revokeLicense, fixture.app), fixture.admin, {
      licenseId,
      reason: "Struck off the register",
      stopPrescriptions: false,
      idempotencyKey: "",
    }),
};

test.each(Object.entries(ENDS))("a doctor who %s meanwhile keeps no booking", async (_, end) => {
  for (const _round of rounds) {
    fixture.renewPeople();
    const { id } = await fixture.claimLicense(0);
    await fixture.verify(id);
    const slotIds = await slots(20);
    const half = bookAll(slotIds.slice(0, 10).map((slotId) => ({ slotId })));
    const ending = end(id);
    const results = [...(await half), ...(await bookAll(slotIds.slice(10).map((slotId) => ({ slotId }))))];
    await ending;
    await fixture.sweepEndings();
    expect(["NOT_FOUND", "SLOT_UNAVAILABLE", "ok"]).toEqual(expect.arrayContaining(results.map(outcome)));
    await assertExact(slotIds, bookedBy(results));
    const live = "SELECT 1 FROM bookings WHERE doctor_id = ? AND status IN ('PENDING_PAYMENT', 'CONFIRMED')";
    expect(await fixture.app.db.read(live, [binaryId(fixture.doctor.userId)])).toEqual([]);
  }
});
