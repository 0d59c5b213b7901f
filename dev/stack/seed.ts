import { type CreateDoctorRequest, hasReason, MedConnect, type Reason } from "@medconnect/client";
import { readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { createAdmin } from "./create-admin.ts";
import { hasHadAppointment, holdAppointment, onceLearned } from "./seed-appointment.ts";
import type { Stack } from "./stack.ts";

/** Passphrase of the demo accounts, which exist in local systems only. */
export const DEMO_PASSWORD = "correct-demo-passphrase";
/** Region of the demo patient, and of the demo doctor's licence. */
export const DEMO_REGION = "US-CA";
export const DEMO_ACCOUNTS = {
  admin: { email: "admin@demo.medconnect.test", fullName: "Alex Admin" },
  doctor: { email: "doctor@demo.medconnect.test", fullName: "Dana Doctor" },
  patient: { email: "patient@demo.medconnect.test", fullName: "Pat Patient" },
} as const;
/** Settings of the gateway, with which `/docs` offers to sign in to the demo accounts. */
export const DEMO_SETTINGS = {
  DEMO_ACCOUNTS: Object.values(DEMO_ACCOUNTS)
    .map(({ email }) => email)
    .join(","),
  DEMO_PASSWORD,
};

const PROFILE: CreateDoctorRequest = {
  licenseNumber: "DEMO-12345",
  licenseRegion: DEMO_REGION,
  specialty: "General practice",
  bio: "Sees demo patients.",
  languages: ["en", "es"],
  timeZone: "UTC",
  fee: { currencyCode: "USD", amountMinor: "5000" },
};
const DAY_MS = 24 * 60 * 60 * 1000;
const SLOT_MS = 30 * 60 * 1000;
const SLOT_DAYS = [1, 2, 3];
const SLOT_HOURS = [9, 9.5, 10, 10.5];

/**
 * Creates the demo accounts, unless they exist. The patient gets a region, which JURISDICTION=enforced
 * requires. The doctor gets a profile, a verified licence and slots, and both have had an appointment. Throws if the
 * doctor cannot sign in.
 */
export async function seed(stack: Stack): Promise<void> {
  if (await isSeeded(stack)) return;
  await createAdmin(stack, { ...DEMO_ACCOUNTS.admin, password: DEMO_PASSWORD });
  await register(stack, "DOCTOR", DEMO_ACCOUNTS.doctor);
  await register(stack, "PATIENT", DEMO_ACCOUNTS.patient);

  const patient = await signIn(stack, "patient");
  if (patient) await setRegion(patient);
  const doctor = await signIn(stack, "doctor");
  const admin = await signIn(stack, "admin");
  if (!doctor)
    throw new Error(
      `${DEMO_ACCOUNTS.doctor.email} has another passphrase now, or a second factor. npm start -- --reset makes new data.`,
    );
  // The console lets the admin set up a second factor.
  if (!admin) return;
  await unless(doctor.createDoctor(PROFILE), "DOCTOR_EXISTS");
  const { id: doctorId } = await doctor.getMe();
  await license(doctor, admin, doctorId);
  await openSlots(doctor, doctorId, businessTimeMs(stack));
  if (patient && !(await hasHadAppointment(doctor))) {
    const people = { admin, doctor, doctorId, patient };
    await unless(holdAppointment(people, businessTimeMs(stack)), "SLOT_OVERLAP");
  }
}

/** A running system, for the steps of the seed that only call the API. */
export interface SeededStack {
  readonly urls: { readonly gateway: string; readonly traces?: string };
  readonly sandboxClock?: string | undefined;
}

/**
 * Opens new slots for the demo doctor, unless some are open in the two weeks from now by business time.
 *
 * @returns false if the demo doctor cannot sign in
 */
export async function openDemoSlots(stack: SeededStack): Promise<boolean> {
  const doctor = await signIn(stack, "doctor");
  if (!doctor) return false;
  const { id } = await doctor.getMe();
  await openSlots(doctor, id, businessTimeMs(stack));
  return true;
}

const businessTimeMs = ({ sandboxClock }: SeededStack): number =>
  Date.now() + (sandboxClock === undefined ? 0 : readAdvances(sandboxClock));

/**
 * True if the demo doctor may practise, has open slots, and has had an appointment. All other demo data then
 * exists, too. The check needs one sign-in, so it is faster than a repetition of all steps.
 */
async function isSeeded(stack: Stack): Promise<boolean> {
  const doctor = await signIn(stack, "doctor");
  if (!doctor) return false;
  const { id: doctorId } = await doctor.getMe();
  const profile = await unless(doctor.getDoctor({ doctorId }), "NOT_FOUND");
  if (!profile?.practising) return false;
  return (await hasOpenSlots(doctor, doctorId, businessTimeMs(stack))) && (await hasHadAppointment(doctor));
}

async function register(
  stack: Stack,
  role: "DOCTOR" | "PATIENT",
  account: { email: string; fullName: string },
): Promise<void> {
  await unless(clientOf(stack).register({ ...account, password: DEMO_PASSWORD, role }), "EMAIL_TAKEN");
}

/** Signs in to a demo account. Returns undefined if the account is missing, or if it has a second factor. */
async function signIn(stack: SeededStack, who: keyof typeof DEMO_ACCOUNTS): Promise<MedConnect | undefined> {
  const client = clientOf(stack);
  const credentials = { email: DEMO_ACCOUNTS[who].email, password: DEMO_PASSWORD };
  const answer = await unless(client.login(credentials), "INVALID_CREDENTIALS");
  return answer && "tokens" in answer ? client : undefined;
}

async function setRegion(patient: MedConnect): Promise<void> {
  const { region } = await patient.getMe();
  if (!region) await patient.updateMe({ user: { region: DEMO_REGION } });
}

/** Verifies the doctor's pending licence. If the only one was revoked or rejected, claims it anew. */
async function license(doctor: MedConnect, admin: MedConnect, doctorId: string): Promise<void> {
  const { practising } = await doctor.getDoctor({ doctorId });
  if (practising) return;
  const pending = { doctorId, status: "PENDING" } as const;
  const { licenses } = await admin.listLicenses(pending);
  if (licenses.length === 0) {
    await doctor.createLicense({ doctorId, number: PROFILE.licenseNumber, region: DEMO_REGION });
    licenses.push(...(await admin.listLicenses(pending)).licenses);
  }
  for (const { id: licenseId, doctorName = "" } of licenses) {
    // Scheduling learns the doctor's name from an event of auth.
    await onceLearned(["NAME_DIFFERS"], () =>
      unless(admin.verifyLicense({ licenseId, doctorName }), "LICENSE_NUMBER_TAKEN"),
    );
  }
}

async function hasOpenSlots(doctor: MedConnect, doctorId: string, nowMs: number): Promise<boolean> {
  const { slots } = await doctor.listSlots({
    doctorId,
    status: "OPEN",
    startTime: new Date(nowMs),
    endTime: new Date(nowMs + 14 * DAY_MS),
  });
  return slots.length > 0;
}

async function openSlots(doctor: MedConnect, doctorId: string, nowMs: number): Promise<void> {
  if (await hasOpenSlots(doctor, doctorId, nowMs)) return;
  const midnight = new Date(nowMs).setUTCHours(0, 0, 0, 0);
  const starts = SLOT_DAYS.flatMap((day) =>
    SLOT_HOURS.map((hour) => midnight + day * DAY_MS + hour * 2 * SLOT_MS),
  );
  const slots = starts.map((start) => ({ startTime: new Date(start), endTime: new Date(start + SLOT_MS) }));
  // The error SLOT_OVERLAP is accepted: the slots exist, but all of them are booked.
  await unless(doctor.batchCreateSlots({ doctorId, slots }), "SLOT_OVERLAP");
}

const clientOf = ({ urls }: SeededStack): MedConnect => new MedConnect({ baseUrl: urls.gateway });

/** The answer of a call; undefined if the call is refused for this reason. */
async function unless<Answer>(call: PromiseLike<Answer>, reason: Reason): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (hasReason(error, reason)) return undefined;
    throw error;
  }
}
