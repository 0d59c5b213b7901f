import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-ids.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { actAfterFirstRead, interleave as interleaveIn } from "@medconnect/platform/testing/interleaving.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Slot } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { searchDoctors } from "../doctors/search-doctors.ts";
import { updateDoctor } from "../doctors/update-doctor.ts";
import { sweepUnlicensedBookings } from "../licenses/end-unlicensed-bookings.ts";
import { Desk } from "../testing.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

/** Later than any cut-off, in minutes. */
const IN_DAYS = 4 * 24 * 60;

interface Scene {
  slot: Slot;
  other: Slot;
  booking: Booking;
}

/** All use cases that read the copy of an account, the doctor's or the patient's. */
const USE_CASES: Record<string, (app: Scheduling, scene: Scene) => Promise<unknown>> = {
  "creates the profile": (app) => desk.publish(0, {}, app),
  "changes the profile": (app) => {
    const request = UpdateDoctorRequest.fromPartial({
      doctorId: desk.doctor.userId,
      doctor: { bio: "Changed" },
    });
    return invoke(DoctorServiceService.updateDoctor, updateDoctor(app), desk.doctor, request);
  },
  "offers a slot": (app) => desk.offer(IN_DAYS + 180, 30, app),
  "books a slot": (app, { slot }) => desk.book(slot.id, desk.patient, undefined, app),
  "moves a booking": (app, { booking, other }) =>
    desk.reschedule(booking.id, other.id, desk.patient, undefined, app),
};

const EVENTS: Record<string, (app?: Scheduling) => Promise<void>> = {
  "the doctor is renamed": (app) => desk.account(desk.doctor, { fullName: "Renata New" }, app),
  "the doctor is disabled": (app) => desk.account(desk.doctor, { fullName: "Olga Old", disabled: true }, app),
  "the patient is disabled": (app) => desk.account(desk.patient, { disabled: true, role: "PATIENT" }, app),
};

/** The others read behind their locks only. */
const READS_BEFORE = new Set(["moves a booking"]);

const ORDERS = [
  "the event commits first",
  "the use case commits first",
  "the event comes after the first read",
];

const CASES = Object.keys(USE_CASES)
  .flatMap((useCase) =>
    Object.keys(EVENTS).flatMap((event) => ORDERS.map((order) => [useCase, event, order] as const)),
  )
  .filter(
    ([useCase, , order]) => order !== "the event comes after the first read" || READS_BEFORE.has(useCase),
  );

test.each(CASES)("copies converge where somebody %s while %s, and %s", async (useCase, event, order) => {
  const scene = await prepare(useCase);
  const act = (app: Scheduling) => USE_CASES[useCase]!(app, scene);
  const happen = EVENTS[event]!;
  if (order === "the event commits first") await interleave(happen, () => act(desk.app));
  else if (order === "the use case commits first") await interleave(act, () => happen());
  else
    await actAfterFirstRead<Scheduling>(
      desk.app,
      (app) => act(app).catch(refused),
      () => happen(),
    );
  await assertConverged();
});

test.each([true, false])(
  "a profile follows the name and state of its account when auth's event comes late (first: %p)",
  async (tellsFirst) => {
    const make = (app?: Scheduling) => desk.publish(0, {}, app);
    const tell = (app?: Scheduling) =>
      desk.account(desk.doctor, { fullName: "Nora New", disabled: true }, app);
    await (tellsFirst ? interleave(tell, () => make()) : interleave(make, () => tell()));
    await assertConverged();
  },
);

test("a new name is a new version of the profile; the same name again is not", async () => {
  const versionAfter = async (fullName: string) => {
    await desk.account(desk.doctor, { fullName });
    const sql = "SELECT version FROM doctors WHERE id = ?";
    return (await desk.app.db.read<{ version: number }>(sql, [binaryId(desk.doctor.userId)]))[0]?.version;
  };
  await versionAfter("Ana Øre");
  await desk.publish(0);
  expect(await versionAfter("Ana Øre")).toBe(1);
  // Equal to the column's collation.
  expect(await versionAfter("Ana Ore")).toBe(2);
});

/** An enabled doctor with a profile, two slots and a booking; without a profile for the case that makes one. */
async function prepare(useCase: string): Promise<Scene> {
  await desk.account(desk.doctor, { fullName: "Olga Old" });
  await desk.account(desk.patient, { role: "PATIENT" });
  if (useCase === "creates the profile") return {} as Scene;
  await desk.publish(0);
  const [slot, other, taken] = [
    await desk.offer(IN_DAYS),
    await desk.offer(IN_DAYS + 60),
    await desk.offer(IN_DAYS + 120),
  ];
  return { slot, other, booking: (await desk.book(taken.id)).response };
}

const interleave = (first: (app: Scheduling) => Promise<unknown>, second: () => Promise<unknown>) =>
  interleaveIn<Scheduling>(desk.app, first, second, refused);

function refused(error: unknown): void {
  if (!(error instanceof ApiError) || error.rule.httpStatus >= 500) throw error;
}

interface Account {
  full_name: string;
  disabled: number;
}

async function accountOf({ userId }: { userId: string }): Promise<Account | undefined> {
  const sql = "SELECT full_name, disabled FROM people WHERE user_id = ?";
  return (await desk.app.db.read<Account>(sql, [binaryId(userId)]))[0];
}

/** Checks that name, search and bookings of the profile follow the account, after a sweep of crossing bookings. */
async function assertConverged(): Promise<void> {
  await sweepUnlicensedBookings(desk.app)();
  const { userId: doctorId } = desk.doctor;
  const [doctor, patient] = [(await accountOf(desk.doctor))!, await accountOf(desk.patient)];
  const [profile] = await desk.app.db.read(
    "SELECT display_name, hidden, is_index_stale FROM doctors WHERE id = ?",
    [binaryId(doctorId)],
  );
  if (profile)
    expect(profile).toEqual({
      display_name: doctor.full_name,
      hidden: doctor.disabled,
      is_index_stale: 0,
    });
  for (const name of ["Olga Old", "Renata New"]) {
    const isFound = profile !== undefined && !doctor.disabled && doctor.full_name === name;
    expect(await isFoundBy(name)).toBe(isFound);
  }
  const live = "status IN ('PENDING_PAYMENT', 'CONFIRMED')";
  const bookings = await desk.app.db.read(`SELECT id FROM bookings WHERE doctor_id = ? AND ${live}`, [
    binaryId(doctorId),
  ]);
  if (doctor.disabled || patient?.disabled) expect(bookings).toEqual([]);
  const slots = await desk.app.db.read("SELECT id FROM slots WHERE doctor_id = ? AND status <> 'WITHDRAWN'", [
    binaryId(doctorId),
  ]);
  if (doctor.disabled) expect(slots).toEqual([]);
}

async function isFoundBy(query: string): Promise<boolean> {
  const request = SearchDoctorsRequest.fromPartial({ query, pageSize: 100 });
  const { searchDoctors: method } = DoctorServiceService;
  const { response } = await invoke(method, searchDoctors(desk.app), userCaller("PATIENT"), request);
  return response.doctors.some(({ id }) => id === desk.doctor.userId);
}
