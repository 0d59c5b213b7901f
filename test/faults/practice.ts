import { type Account, signUp } from "../support/accounts.ts";
import type { Api, Json } from "../support/api.ts";
import { DAY_MS, FEE, HOUR_MS, MINUTE_MS, openPractice } from "../support/practice.ts";

export interface Slot {
  id: string;
  doctorId: string;
  isPaid: boolean;
}

/** Start and end in RFC 3339. */
export interface Interval {
  startTime: string;
  endTime: string;
}

const DOCTORS = 8;
const SLOTS_A_DOCTOR = 8;
/** Length of each slot. It is the shortest allowed length, so that slots end soon. */
const LENGTH_MS = 5 * MINUTE_MS;
/** Delay from now to the start of a slot that starts soon. It is enough to book and pay. */
export const SOON_MS = 5000;
/**
 * First and last start of slots within the cancellation cut-off, as delays from now. Patients who cancel
 * these slots are charged.
 */
const NEAR = { firstMs: 4 * HOUR_MS, lastMs: 20 * HOUR_MS };
/** First start, as a delay from now, of slots that a patient can cancel free of charge. */
const FAR_MS = 5 * DAY_MS;

/** Chooses the times of one doctor's slots, which do not overlap. */
export class Calendar {
  readonly #openedMs = Date.now();
  #nearMs = NEAR.firstMs;
  #farMs = FAR_MS;
  #isNearNext = true;
  #soonEndMs = 0;

  /**
   * Returns the next interval. While times are left in `NEAR`, every second interval is one of those. All
   * others start after `FAR_MS`.
   */
  next(): Interval {
    const isNear = this.#isNearNext && this.#nearMs < NEAR.lastMs;
    this.#isNearNext = !this.#isNearNext;
    const startMs = this.#openedMs + (isNear ? this.#nearMs : this.#farMs);
    if (isNear) this.#nearMs += LENGTH_MS;
    else this.#farMs += LENGTH_MS;
    return interval(startMs);
  }

  /**
   * Returns an interval that starts soon. It is for no-shows. Undefined until the previous such interval has
   * ended or was given up.
   */
  soon(): Interval | undefined {
    const startMs = Date.now() + SOON_MS;
    if (startMs < this.#soonEndMs) return undefined;
    this.#soonEndMs = startMs + LENGTH_MS;
    return interval(startMs);
  }

  /** Allows another interval that starts soon. */
  giveUpSoon(): void {
    this.#soonEndMs = 0;
  }
}

const interval = (startMs: number): Interval => ({
  startTime: new Date(startMs).toISOString(),
  endTime: new Date(startMs + LENGTH_MS).toISOString(),
});

export interface Practice {
  doctors: (Account & { calendar: Calendar })[];
  patients: Account[];
  /** Open slots, from which patients choose. Doctors add to them. */
  slots: Slot[];
}

/** Creates patients and doctors. The doctors' slots are at similar times. Every second doctor has a fee. */
export async function openPractices(api: Api, patientCount: number): Promise<Practice> {
  const practice: Practice = { doctors: [], patients: [], slots: [] };
  for (let i = 0; i < DOCTORS; i++) {
    const isPaid = i % 2 === 1;
    const doctor = await openPractice(api, isPaid ? { fee: FEE } : {});
    const calendar = new Calendar();
    practice.doctors.push({ ...doctor, calendar });
    practice.slots.push(...(await offerTimes(doctor, calendar, isPaid)));
  }
  for (let i = 0; i < patientCount; i++) practice.patients.push(await signUp(api, "PATIENT"));
  return practice;
}

async function offerTimes({ id, api }: Account, calendar: Calendar, isPaid: boolean): Promise<Slot[]> {
  const slots = Array.from({ length: SLOTS_A_DOCTOR }, () => calendar.next());
  const answer = await api.ok(`POST /v1/doctors/${id}/slots:batchCreate`, { body: { slots } });
  return (answer.slots as Json[]).map((slot) => ({ id: String(slot.id), doctorId: id, isPaid }));
}
