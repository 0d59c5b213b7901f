import { type Account, signUp } from "../support/accounts.ts";
import type { Api, Json } from "../support/api.ts";
import { DAY_MS, FEE, HOUR_MS, MINUTE_MS, openPractice, timeFromNow } from "../support/practice.ts";

export interface Slot {
  id: string;
  doctorId: string;
  isPaid: boolean;
}

const DOCTORS = 4;
const SLOTS_A_DOCTOR = 16;
const LENGTH_MS = 30 * MINUTE_MS;

export interface Practice {
  patients: Account[];
  slots: Slot[];
}

/** Patients, and doctors whose times collide; every other doctor takes a fee. */
export async function openPractices(api: Api, patientCount: number): Promise<Practice> {
  const slots: Slot[] = [];
  for (let i = 0; i < DOCTORS; i++) {
    const isPaid = i % 2 === 1;
    const doctor = await openPractice(api, isPaid ? { fee: FEE } : {});
    slots.push(...(await offerTimes(doctor, isPaid)));
  }
  const patients: Account[] = [];
  for (let i = 0; i < patientCount; i++) patients.push(await signUp(api, "PATIENT"));
  return { patients, slots };
}

/** Half of the times are so near that who cancels pays, half so far off that the fee is returned. */
async function offerTimes({ id, api }: Account, isPaid: boolean): Promise<Slot[]> {
  const times = Array.from({ length: SLOTS_A_DOCTOR }, (_, i) => {
    const first = i % 2 === 0 ? 4 * HOUR_MS : 5 * DAY_MS;
    return timeFromNow(first + i * LENGTH_MS, LENGTH_MS);
  });
  const answer = await api.ok(`POST /v1/doctors/${id}/slots:batchCreate`, { body: { slots: times } });
  return (answer.slots as Json[]).map((slot) => ({ id: String(slot.id), doctorId: id, isPaid }));
}
