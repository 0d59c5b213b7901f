import type { Client } from "./client.ts";
import type { Member } from "./members.ts";

const HOUR_MS = 60 * 60_000;
const LENGTH_MS = 30 * 60_000;
/**
 * Time between the starts of two slots of a doctor. A booking costs more, the more bookings the patient has
 * on that day, so the slots are far apart.
 */
const INTERVAL_MS = 3 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
/** Maximum slots per doctor: those that start within two years. The API refuses slots that start later. */
const MAX_PER_DOCTOR = Math.floor((728 * DAY_MS) / INTERVAL_MS);
/** Maximum number of slots that one call of the API creates. */
const BATCH = 240;

/** Start of the first slot of each doctor: a full hour, at least one day from now. */
const FIRST_MS = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + DAY_MS;

export interface Practice {
  adminToken: string;
  fee?: { currencyCode: string; amountMinor: string };
}

/** Open slots of several doctors, from tomorrow on. The n-th slots of all doctors start at the same time. */
export class Timetable {
  readonly #client: Client;
  readonly #doctors: Member[];
  /** Ids of the slots. The first index is the doctor, the second the slot's number. */
  readonly #slotIds: string[][];

  private constructor(client: Client, doctors: Member[]) {
    this.#client = client;
    this.#doctors = doctors;
    this.#slotIds = doctors.map(() => []);
  }

  /** Creates the doctors' profiles, and verifies their licences as the admin. */
  static async open(client: Client, doctors: Member[], { adminToken, fee }: Practice): Promise<Timetable> {
    for (const { id, name, token } of doctors) {
      const body = {
        licenseNumber: `BENCH-${id.slice(-12)}`,
        licenseRegion: "US-CA",
        specialty: "Cardiology",
        languages: ["en"],
        ...(fee && { fee }),
      };
      const { licenses } = await client.call<{ licenses: [{ id: string }] }>({
        method: "POST",
        path: "/v1/doctors",
        token,
        body,
      });
      const path = `/v1/admin/licenses/${licenses[0].id}:verify`;
      await client.send({ method: "POST", path, token: adminToken, body: { doctorName: name } });
    }
    return new Timetable(client, doctors);
  }

  /**
   * Creates slots until every doctor has this number. Throws if slots would start more than two years ahead.
   */
  async extend(perDoctor: number): Promise<void> {
    if (perDoctor > MAX_PER_DOCTOR - BATCH) throw new Error("No slots are left. Choose fewer --seconds.");
    for (let made = this.#slotIds[0]!.length; made < perDoctor; made += BATCH) {
      const times = Array.from({ length: BATCH }, (_, i) => Timetable.timeAt(made + i));
      const slots = times.map((startTime) => ({
        startTime,
        endTime: new Date(startTime.getTime() + LENGTH_MS),
      }));
      for (const [i, { id, token }] of this.#doctors.entries()) {
        const answer = await this.#client.call<{ slots: { id: string }[] }>({
          method: "POST",
          path: `/v1/doctors/${id}/slots:batchCreate`,
          token,
          body: { slots },
        });
        this.#slotIds[i]!.push(...answer.slots.map((slot) => slot.id));
      }
    }
  }

  /** Returns the start of the n-th slot, counted from 0. It is the same for all doctors. */
  static timeAt(n: number): Date {
    return new Date(FIRST_MS + n * INTERVAL_MS);
  }

  /** Id of a doctor's n-th slot; undefined if there is none. */
  slotAt(n: number, doctor: number): string | undefined {
    return this.#slotIds[doctor]![n];
  }
}
