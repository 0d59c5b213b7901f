import { randomUUID } from "node:crypto";
import { Client } from "./client.ts";
import { drive } from "./drive.ts";
import { joinAll, type Member, signInAdmin } from "./members.ts";
import type { LoadResult } from "./tasks.ts";
import { Timetable } from "./timetable.ts";

const PAGE_SIZE = 100;
/** So many patients at least, however few the clients: their calendars would be full too soon. */
const MIN_PATIENTS = 16;
/** Enough for one page of 20 to have a next one. */
const SHOWN_SLOTS = 40;

/** The users of one system: every client is one or several patients, and all book with all doctors. */
export class Crowd {
  readonly #client: Client;
  readonly #clients: number;
  readonly #patients: Member[];
  readonly #timetable: Timetable;
  /** Whose slots are listed, and not booked. */
  readonly #shownDoctorId: string;
  /** How many bookings each patient has tried. */
  readonly #turns: number[];
  /** The last run: its first turn, and which consultations each patient's bookings must have made. */
  #firstTurn = 0;
  #awaited: Set<string>[] = [];

  private constructor(
    client: Client,
    clients: number,
    patients: Member[],
    timetable: Timetable,
    shownDoctorId: string,
  ) {
    this.#client = client;
    this.#clients = clients;
    this.#patients = patients;
    this.#timetable = timetable;
    this.#shownDoctorId = shownDoctorId;
    this.#turns = patients.map(() => 0);
  }

  /** Makes accounts: the same number of patients for each client, and as many doctors. */
  static async gather(url: string, clients: number): Promise<Crowd> {
    const client = new Client(url);
    const count = clients * Math.ceil(MIN_PATIENTS / clients);
    const [patients, [shown, ...doctors]] = await Promise.all([
      joinAll(client, "PATIENT", count),
      joinAll(client, "DOCTOR", count + 1),
    ]);
    const adminToken = await signInAdmin(client);
    const shownTimes = await Timetable.open(client, [shown!], adminToken);
    await shownTimes.extend(SHOWN_SLOTS);
    return new Crowd(client, clients, patients, await Timetable.open(client, doctors, adminToken), shown!.id);
  }

  /** Every turn of all patients takes one slot of each doctor. */
  async stock(bookings: number): Promise<void> {
    const turns = Math.max(...this.#turns) + Math.ceil(bookings / this.#patients.length);
    await this.#timetable.extend(turns);
  }

  async book(seconds: number): Promise<LoadResult> {
    this.#firstTurn = Math.min(...this.#turns);
    this.#awaited = this.#patients.map(() => new Set());
    return await drive(this.#clients, seconds, async (client) => {
      const i = this.#nextPatientOf(client);
      const turn = this.#turns[i]!++;
      // A Latin square: in each turn every patient takes another doctor's slot of the same time.
      const slotId = this.#timetable.slotAt(turn, (i + turn) % this.#patients.length);
      if (slotId === undefined) return false;
      const { consultationId } = await this.#client.call<{ consultationId: string }>({
        method: "POST",
        path: "/v1/bookings",
        token: this.#patients[i]!.token,
        key: randomUUID(),
        body: { slotId, reason: "Follow-up" },
      });
      this.#awaited[i]!.add(consultationId);
      return true;
    });
  }

  async list(seconds: number): Promise<LoadResult> {
    const path = `/v1/doctors/${this.#shownDoctorId}/slots?pageSize=20`;
    return await drive(this.#clients, seconds, (client) =>
      this.#client.send({ method: "GET", path, token: this.#patients[client]!.token }),
    );
  }

  /** How many of the last run's consultations their patients can read. */
  async verify(): Promise<number> {
    const found = await Promise.all(
      this.#patients.map((patient, i) => this.#countReadable(patient, this.#awaited[i]!)),
    );
    return found.reduce((sum, count) => sum + count, 0);
  }

  /** Of a client's patients the one who has booked least. */
  #nextPatientOf(client: number): number {
    let next = client;
    for (let i = client; i < this.#patients.length; i += this.#clients) {
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
