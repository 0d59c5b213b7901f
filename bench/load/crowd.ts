import { randomUUID } from "node:crypto";
import { Client } from "./client.ts";
import { drive } from "./drive.ts";
import { joinAll, type Member, signInAdmin } from "./members.ts";
import { Patients } from "./patients.ts";
import type { LoadResult } from "./tasks.ts";
import { Timetable } from "./timetable.ts";

const PAGE_SIZE = 100;
/** Minimum number of patients at once: with fewer, their calendars would soon be full. */
const MIN_LANES = 16;
/** Enough for one page of 20 to have a next one. */
const SHOWN_SLOTS = 40;

/** The users of one system: every client is one or several patients at a time, and all book with all doctors. */
export class Crowd {
  readonly #client: Client;
  readonly #clients: number;
  readonly #patients: Patients;
  readonly #timetable: Timetable;
  /** Doctor whose slots are listed, but not booked. */
  readonly #shownDoctorId: string;
  /** Number of attempted bookings in each lane. */
  readonly #turns: number[];
  /** The last run: its first turn, and the consultations that each patient's bookings must have made. */
  #firstTurn = 0;
  #awaited = new Map<Member, Set<string>>();

  private constructor(
    client: Client,
    clients: number,
    patients: Patients,
    timetable: Timetable,
    shownDoctorId: string,
  ) {
    this.#client = client;
    this.#clients = clients;
    this.#patients = patients;
    this.#timetable = timetable;
    this.#shownDoctorId = shownDoctorId;
    this.#turns = Array(patients.lanes).fill(0);
  }

  /** Creates accounts: the same number of lanes for each client, and one doctor for each lane. */
  static async gather(url: string, clients: number): Promise<Crowd> {
    const client = new Client(url);
    const lanes = clients * Math.ceil(MIN_LANES / clients);
    const patients = await Patients.open(client, lanes);
    const [shown, ...doctors] = await joinAll(client, "DOCTOR", 0, lanes + 1);
    const adminToken = await signInAdmin(client);
    const shownTimes = await Timetable.open(client, [shown!], adminToken);
    await shownTimes.extend(SHOWN_SLOTS);
    return new Crowd(client, clients, patients, await Timetable.open(client, doctors, adminToken), shown!.id);
  }

  /** Every turn of all lanes takes one slot of each doctor. */
  async stock(bookings: number): Promise<void> {
    const turns = Math.max(...this.#turns) + Math.ceil(bookings / this.#patients.lanes);
    await this.#timetable.extend(turns);
    await this.#patients.extend(turns);
  }

  async book(seconds: number): Promise<LoadResult> {
    this.#firstTurn = Math.min(...this.#turns);
    this.#awaited = new Map();
    return await drive(this.#clients, seconds, async (client) => {
      const lane = this.#nextLaneOf(client);
      const turn = this.#turns[lane]!++;
      // A Latin square: in each turn every lane takes another doctor's slot of the same time.
      const slotId = this.#timetable.slotAt(turn, (lane + turn) % this.#patients.lanes);
      const patient = this.#patients.at(lane, turn);
      if (slotId === undefined || patient === undefined) return false;
      const { consultationId } = await this.#client.call<{ consultationId: string }>({
        method: "POST",
        path: "/v1/bookings",
        token: patient.token,
        key: randomUUID(),
        body: { slotId, reason: "Follow-up" },
      });
      this.#awaited.set(patient, (this.#awaited.get(patient) ?? new Set()).add(consultationId));
      return true;
    });
  }

  async list(seconds: number): Promise<LoadResult> {
    const path = `/v1/doctors/${this.#shownDoctorId}/slots?pageSize=20`;
    return await drive(this.#clients, seconds, (client) =>
      this.#client.send({ method: "GET", path, token: this.#patients.at(client, 0)!.token }),
    );
  }

  /** How many of the last run's consultations their patients can read. */
  async verify(): Promise<number> {
    let count = 0;
    for (const [patient, awaited] of this.#awaited) count += await this.#countReadable(patient, awaited);
    return count;
  }

  /** The client's lane with the fewest bookings. */
  #nextLaneOf(client: number): number {
    let next = client;
    for (let i = client; i < this.#patients.lanes; i += this.#clients) {
      if (this.#turns[i]! < this.#turns[next]!) next = i;
    }
    return next;
  }

  async #countReadable({ token }: Member, awaited: Set<string>): Promise<number> {
    const startTime = this.#timetable.timeAt(this.#firstTurn).toISOString();
    let count = 0;
    let pageToken = "";
    do {
      const query = new URLSearchParams({ startTime, pageSize: `${PAGE_SIZE}`, pageToken });
      const page = await this.#client.call<{ consultations: { id: string }[]; nextPageToken: string }>({
        method: "GET",
        path: `/v1/consultations?${query}`,
        token,
      });
      count += page.consultations.filter(({ id }) => awaited.has(id)).length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return count;
  }
}
