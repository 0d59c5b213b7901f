import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { createAdmin } from "./create-admin.ts";
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

const PROFILE = {
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
const NAMED_WITHIN_MS = 30_000;
const POLL_MS = 100;

/**
 * Creates the demo accounts, unless they exist. The patient gets a region, which JURISDICTION=enforced
 * requires. The doctor gets a profile, a verified licence and slots.
 */
export async function seed(stack: Stack): Promise<void> {
  if (await isSeeded(stack)) return;
  await createAdmin(stack, { ...DEMO_ACCOUNTS.admin, password: DEMO_PASSWORD });
  const api = new Api(stack.urls.gateway);
  await register(api, "DOCTOR", DEMO_ACCOUNTS.doctor);
  await register(api, "PATIENT", DEMO_ACCOUNTS.patient);

  const patient = await signIn(stack, "patient");
  if (patient) await setRegion(patient);
  const doctor = await signIn(stack, "doctor");
  if (!doctor) return;
  await doctor.call("POST", "/v1/doctors", PROFILE, "DOCTOR_EXISTS");
  const { id } = await doctor.call("GET", "/v1/users/me");
  await verifyLicense(stack, String(id));
  await openSlots(doctor, String(id));
}

/**
 * True if the demo doctor has open slots. Slots are created last, so all other demo data then exists, too.
 * The check needs one sign-in, so it is faster than a repetition of all steps.
 */
async function isSeeded(stack: Stack): Promise<boolean> {
  const doctor = await signIn(stack, "doctor");
  if (!doctor) return false;
  const { id } = await doctor.call("GET", "/v1/users/me");
  return await hasOpenSlots(doctor, String(id));
}

async function register(api: Api, role: string, account: { email: string; fullName: string }): Promise<void> {
  await api.call("POST", "/v1/auth/register", { ...account, password: DEMO_PASSWORD, role }, "EMAIL_TAKEN");
}

/** Signs in to a demo account. Returns undefined if the account is missing, or if it has a second factor. */
async function signIn(stack: Stack, who: keyof typeof DEMO_ACCOUNTS): Promise<Api | undefined> {
  const credentials = { email: DEMO_ACCOUNTS[who].email, password: DEMO_PASSWORD };
  const api = new Api(stack.urls.gateway);
  const { accessToken } = await api.call("POST", "/v1/auth/login", credentials, "INVALID_CREDENTIALS");
  return typeof accessToken === "string" ? new Api(stack.urls.gateway, accessToken) : undefined;
}

async function setRegion(patient: Api): Promise<void> {
  const { region } = await patient.call("GET", "/v1/users/me");
  if (!region) await patient.call("PATCH", "/v1/users/me", { region: DEMO_REGION });
}

/** Signs in as the demo admin, and verifies the doctor's pending licences. */
async function verifyLicense(stack: Stack, doctorId: string): Promise<void> {
  const admin = await signIn(stack, "admin");
  if (!admin) return;
  const query = new URLSearchParams({ doctorId, status: "PENDING" });
  const { licenses } = await admin.call("GET", `/v1/admin/licenses?${query}`);
  for (const { id, doctorName } of (licenses ?? []) as Json[]) {
    await untilNamed(() =>
      admin.call(
        "POST",
        `/v1/admin/licenses/${id}:verify`,
        { doctorName },
        "LICENSE_NUMBER_TAKEN",
        "NAME_DIFFERS",
      ),
    );
  }
}

/** Repeats a verification until scheduling has learned the doctor's name from an event of auth. */
async function untilNamed(verify: () => Promise<Json>): Promise<void> {
  const deadlineMs = Date.now() + NAMED_WITHIN_MS;
  while ((await verify()).reason === "NAME_DIFFERS") {
    if (Date.now() > deadlineMs) throw new SetupError("Scheduling did not receive the demo doctor's name.");
    await delay(POLL_MS);
  }
}

async function hasOpenSlots(doctor: Api, doctorId: string): Promise<boolean> {
  const now = Date.now();
  const query = new URLSearchParams({
    status: "OPEN",
    startTime: new Date(now).toISOString(),
    endTime: new Date(now + 14 * DAY_MS).toISOString(),
  });
  const { slots } = await doctor.call("GET", `/v1/doctors/${doctorId}/slots?${query}`);
  return Array.isArray(slots) && slots.length > 0;
}

async function openSlots(doctor: Api, doctorId: string): Promise<void> {
  if (await hasOpenSlots(doctor, doctorId)) return;
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const starts = SLOT_DAYS.flatMap((day) =>
    SLOT_HOURS.map((hour) => midnight + day * DAY_MS + hour * 2 * SLOT_MS),
  );
  const newSlots = starts.map((start) => ({
    startTime: new Date(start).toISOString(),
    endTime: new Date(start + SLOT_MS).toISOString(),
  }));
  // The error SLOT_OVERLAP is accepted: the slots exist, but all of them are booked.
  await doctor.call("POST", `/v1/doctors/${doctorId}/slots:batchCreate`, { slots: newSlots }, "SLOT_OVERLAP");
}

type Json = Record<string, unknown>;

/** HTTP client of the gateway. Without an access token, its calls are anonymous. */
class Api {
  readonly #url: string;
  readonly #accessToken: string | undefined;

  constructor(url: string, accessToken?: string) {
    this.#url = url;
    this.#accessToken = accessToken;
  }

  /**
   * Returns the body of the response. Throws if the response has an error whose reason is not in `accepted`.
   */
  async call(method: string, path: string, body?: Json, ...accepted: string[]): Promise<Json> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(this.#accessToken ? { authorization: `Bearer ${this.#accessToken}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const json = (await answer.json().catch(() => ({}))) as Json;
    if (answer.ok || accepted.includes(String(json.reason))) return json;
    throw new SetupError(`${method} ${path} answers ${answer.status} ${json.reason ?? ""}`);
  }
}
