import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { actAfterFirstRead, interleave as interleaveIn } from "@medconnect/platform/testing/interleaving.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  CreateLicenseRequest,
  LicenseServiceService,
  RevokeLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Slot } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { createLicense } from "../licenses/create-license.ts";
import { revokeLicense } from "../licenses/decide-license.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { updateDoctor } from "../profiles/update-doctor.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

/** Minutes until the slots start, far enough ahead that no cut-off for moves or cancellations applies. */
const IN_DAYS = 4 * 24 * 60;

/** New name of a doctor's account, after a licence was verified for the old name. */
const MARRIED = "Olga Married";

interface Scene {
  slot: Slot;
  other: Slot;
  booking: Booking;
  /** The doctor's second licence, on which the use case decides; "" in other use cases. */
  licenseId: string;
}

/** Use cases that read scheduling's copy of an account, or a doctor's verified name. */
const USE_CASES: Record<string, (app: Scheduling, scene: Scene) => Promise<unknown>> = {
  "creates the profile": (app) => fixture.claimLicense(0, {}, app),
  "changes the profile": (app) => {
    const request = UpdateDoctorRequest.fromPartial({
      doctorId: fixture.doctor.userId,
      doctor: { bio: "Changed" },
    });
    return invoke(DoctorServiceService.updateDoctor, bound(updateDoctor, app), fixture.doctor, request);
  },
  "offers a slot": (app) => fixture.createSlot(IN_DAYS + 180, 30, app),
  "books a slot": (app, { slot }) => fixture.book(slot.id, fixture.patient, undefined, app),
  "moves a booking": (app, { booking, other }) =>
    fixture.reschedule(booking.id, other.id, fixture.patient, undefined, app),
  "verifies a licence": (app, { licenseId }) => fixture.verify(licenseId, app, MARRIED),
  "verifies the account's name": (app, { licenseId }) => fixture.verify(licenseId, app, MARRIED),
  "revokes the licence with the public name": (app, { licenseId }) => {
    const request = RevokeLicenseRequest.fromPartial({ licenseId, reason: "Struck off the register" });
    return invoke(LicenseServiceService.revokeLicense, bound(revokeLicense, app), fixture.admin, request);
  },
};

const EVENTS: Record<string, (app?: Scheduling) => Promise<void>> = {
  "the doctor is renamed": (app) => fixture.accountEvent(fixture.doctor, { fullName: "Renata New" }, app),
  "the doctor is disabled": (app) =>
    fixture.accountEvent(fixture.doctor, { fullName: "Olga Old", disabled: true }, app),
  "the patient is disabled": (app) =>
    fixture.accountEvent(fixture.patient, { disabled: true, role: "PATIENT" }, app),
};

/**
 * Use cases that read scheduling's copy of an account twice: first without a lock, and then under the lock.
 */
const READS_BEFORE = new Set([
  "moves a booking",
  "verifies a licence",
  "verifies the account's name",
  "revokes the licence with the public name",
]);

const ORDERS = [
  "the event commits first",
  "the use case commits first",
  "the event arrives after the first read",
];

const CASES = Object.keys(USE_CASES)
  .flatMap((useCase) =>
    Object.keys(EVENTS).flatMap((event) => ORDERS.map((order) => [useCase, event, order] as const)),
  )
  .filter(
    ([useCase, , order]) => order !== "the event arrives after the first read" || READS_BEFORE.has(useCase),
  );

test.each(CASES)("copies converge if a caller %s while %s, and %s", async (useCase, event, order) => {
  const scene = await prepare(useCase);
  const act = (app: Scheduling) => USE_CASES[useCase]!(app, scene);
  const happen = EVENTS[event]!;
  if (order === "the event commits first") await interleave(happen, () => act(fixture.app));
  else if (order === "the use case commits first") await interleave(act, () => happen());
  else
    await actAfterFirstRead<Scheduling>(
      fixture.app,
      (app) => act(app).catch(refused),
      () => happen(),
    );
  await assertConverged();
});

test.each([true, false])(
  "a profile follows the name and state of its account if auth's event arrives late (first: %p)",
  async (tellsFirst) => {
    const make = (app?: Scheduling) => fixture.claimLicense(0, {}, app);
    const tell = (app?: Scheduling) =>
      fixture.accountEvent(fixture.doctor, { fullName: "Nora New", disabled: true }, app);
    await (tellsFirst ? interleave(tell, () => make()) : interleave(make, () => tell()));
    await assertConverged();
  },
);

test("a new name is a new version of the profile; the same name again is not", async () => {
  const versionAfter = async (fullName: string) => {
    await fixture.accountEvent(fixture.doctor, { fullName });
    const sql = "SELECT version FROM doctors WHERE id = ?";
    return (await fixture.app.db.read<{ version: number }>(sql, [binaryId(fixture.doctor.userId)]))[0]
      ?.version;
  };
  await versionAfter("Ana Øre");
  const { id } = await fixture.claimLicense(0);
  expect(await versionAfter("Ana Øre")).toBe(1);
  // The version must increase although the collation of the column treats both names as equal.
  expect(await versionAfter("Ana Ore")).toBe(2);
  await fixture.verify(id);
  expect(await versionAfter("Ana Øre")).toBe(2);
});

/**
 * Prepares a use case: an enabled doctor with a profile, two free slots and a booking. For a use case about a
 * licence, the doctor has two licences. For the use case that creates a profile, only the accounts exist.
 */
async function prepare(useCase: string): Promise<Scene> {
  await fixture.accountEvent(fixture.doctor, { fullName: "Olga Old" });
  await fixture.accountEvent(fixture.patient, { role: "PATIENT" });
  if (useCase === "creates the profile") return {} as Scene;
  await fixture.createDoctor(0);
  const [slot, other, taken] = [
    await fixture.createSlot(IN_DAYS),
    await fixture.createSlot(IN_DAYS + 60),
    await fixture.createSlot(IN_DAYS + 120),
  ];
  const booking = (await fixture.book(taken.id)).response;
  return { slot, other, booking, licenseId: useCase in LICENSES ? await LICENSES[useCase]!() : "" };
}

/**
 * Functions that create the second licence, by the use case that needs it. Each renames the doctor's account
 * after the first licence was verified.
 */
const LICENSES: Record<string, () => Promise<string>> = {
  "verifies a licence": async () => {
    await fixture.accountEvent(fixture.doctor, { fullName: MARRIED });
    fixture.app.clock.advance(1000);
    return await claimSecond();
  },
  "verifies the account's name": async () => {
    const licenseId = await claimSecond();
    await fixture.verify(licenseId);
    await fixture.accountEvent(fixture.doctor, { fullName: MARRIED });
    fixture.app.clock.advance(1000);
    return licenseId;
  },
  "revokes the licence with the public name": async () => {
    await fixture.accountEvent(fixture.doctor, { fullName: MARRIED });
    const licenseId = await claimSecond();
    fixture.app.clock.advance(1000);
    await fixture.verify(licenseId);
    return licenseId;
  },
};

async function claimSecond(): Promise<string> {
  const doctorId = fixture.doctor.userId;
  const request = CreateLicenseRequest.fromPartial({
    doctorId,
    number: `S${doctorId.slice(-12)}`,
    region: "DE",
  });
  const { createLicense: method } = LicenseServiceService;
  return (await invoke(method, bound(createLicense, fixture.app), fixture.doctor, request)).response.id;
}

const interleave = (first: (app: Scheduling) => Promise<unknown>, second: () => Promise<unknown>) =>
  interleaveIn<Scheduling>(fixture.app, first, second, refused);

function refused(error: unknown): void {
  if (!(error instanceof ApiError) || error.rule.httpStatus >= 500) throw error;
}

interface Account {
  fullName: string;
  disabled: number;
}

async function accountOf({ userId }: { userId: string }): Promise<Account | undefined> {
  const sql = "SELECT full_name AS fullName, disabled FROM people WHERE user_id = ?";
  return (await fixture.app.db.read<Account>(sql, [binaryId(userId)]))[0];
}

interface VerifiedName {
  name: string;
  isWaiting: number;
}

/** Names on the doctor's verified licences, starting with the latest verification. */
const verifiedNames = async (): Promise<VerifiedName[]> =>
  await fixture.app.db.read(
    `SELECT verified_name AS name, awaits_decision AS isWaiting FROM licenses
     WHERE doctor_id = ? AND status = 'VERIFIED' ORDER BY decide_time DESC`,
    [binaryId(fixture.doctor.userId)],
  );

/**
 * Runs the sweeps, then checks that search and bookings agree with the accounts of doctor and patient. The
 * profile must have the name that was verified last or, without a verified licence, the account's name.
 */
async function assertConverged(): Promise<void> {
  await fixture.sweepEndings();
  const { userId: doctorId } = fixture.doctor;
  const [doctor, patient] = [(await accountOf(fixture.doctor))!, await accountOf(fixture.patient)];
  const [profile] = await fixture.app.db.read(
    "SELECT display_name AS displayName, hidden, is_index_stale AS isIndexStale FROM doctors WHERE id = ?",
    [binaryId(doctorId)],
  );
  const verified = await verifiedNames();
  const publicName = verified[0]?.name ?? doctor.fullName;
  if (profile) expect(profile).toEqual({ displayName: publicName, hidden: doctor.disabled, isIndexStale: 0 });
  for (const { name, isWaiting } of verified) expect(isWaiting).toBe(name === doctor.fullName ? 0 : 1);
  for (const name of ["Olga Old", "Renata New", MARRIED]) {
    const isFound = verified.length > 0 && !doctor.disabled && publicName === name;
    expect(await isFoundBy(name)).toBe(isFound);
  }
  const live = "status IN ('PENDING_PAYMENT', 'CONFIRMED')";
  const bookings = await fixture.app.db.read(`SELECT id FROM bookings WHERE doctor_id = ? AND ${live}`, [
    binaryId(doctorId),
  ]);
  if (doctor.disabled || patient?.disabled) expect(bookings).toEqual([]);
  const slots = await fixture.app.db.read(
    "SELECT id FROM slots WHERE doctor_id = ? AND status <> 'WITHDRAWN'",
    [binaryId(doctorId)],
  );
  if (doctor.disabled) expect(slots).toEqual([]);
}

async function isFoundBy(query: string): Promise<boolean> {
  const request = SearchDoctorsRequest.fromPartial({ query, pageSize: 100 });
  const { searchDoctors: method } = DoctorServiceService;
  const { response } = await invoke(
    method,
    bound(searchDoctors, fixture.app),
    userCaller("PATIENT"),
    request,
  );
  return response.doctors.some(({ id }) => id === fixture.doctor.userId);
}
