import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Call, Client, Refusal } from "./client.ts";
import { type Crowd, SHOWN_SLOTS } from "./crowd.ts";
import { drive } from "./drive.ts";
import { joinAll, type Member, signInAdmin } from "./members.ts";
import { Patients } from "./patients.ts";
import type { LoadResult, Stockable, Workload } from "./tasks.ts";
import { Timetable } from "./timetable.ts";

const PAGE_SIZE = 100;
/**
 * Number of lanes, and also of doctors with slots for each workload. A lane is a sequence of patients. In a
 * lane, only one patient books at a time.
 */
const LANES = 64;

const AUTHORIZE_ATTEMPTS = 100;
const AUTHORIZE_PAUSE_MS = 50;
const FEE = { currencyCode: "USD", amountMinor: "5000" };

interface Booking {
  id: string;
  consultationId: string;
  paymentId?: string;
}

/** Simulated users of MedConnect. Each client acts for one or more patients, who book with all doctors. */
export class MedconnectCrowd implements Crowd {
  readonly #client: Client;
  readonly #adminToken: string;
  readonly #patients: Patients;
  /**
   * Slots of the doctors, by workload. The doctors of the workload `pay` are registered when it first runs.
   */
  readonly #timetables: Partial<Record<Stockable, Timetable>> = {};
  /** Doctor whose slots the workload `list` reads. These slots are never booked. */
  readonly #shownDoctorId: string;
  /**
   * Number of bookings that each lane has attempted. The number of an attempt in its lane, from 0, is called
   * its turn.
   */
  readonly #turns: number[] = Array(LANES).fill(0);
  /** Lowest turn of the last run. No booking of that run has a lower turn. */
  #firstTurn = 0;
  /** Consultations that the bookings of the last run must have created, by patient. */
  #awaited = new Map<Member, Set<string>>();

  private constructor(client: Client, adminToken: string, patients: Patients, shownDoctorId: string) {
    this.#client = client;
    this.#adminToken = adminToken;
    this.#patients = patients;
    this.#shownDoctorId = shownDoctorId;
  }

  /** Creates accounts: a patient for each lane, and the doctor for the workload `list`. */
  static async gather(url: string): Promise<MedconnectCrowd> {
    const client = new Client(url);
    const patients = await Patients.open(client, LANES);
    const adminToken = await signInAdmin(client);
    const shown = await joinAll(client, "DOCTOR", "shown", 1);
    const shownTimes = await Timetable.open(client, shown, { adminToken });
    await shownTimes.extend(SHOWN_SLOTS);
    return new MedconnectCrowd(client, adminToken, patients, shown[0]!.id);
  }

  /** Creates slots and patients for further bookings. Each doctor needs one slot per turn (see `#turns`). */
  async stock(workload: Stockable, bookings: number): Promise<void> {
    const turns = Math.max(...this.#turns) + Math.ceil(bookings / LANES);
    this.#timetables[workload] ??= await this.#openTimetable(workload);
    await this.#timetables[workload].extend(turns);
    await this.#patients.extend(turns);
  }

  async run(workload: Workload, clients: number, seconds: number): Promise<LoadResult> {
    this.#firstTurn = Math.min(...this.#turns);
    this.#awaited = new Map();
    return await drive(clients, seconds, this.#actOf(workload, clients));
  }

  async verify(): Promise<number> {
    let count = 0;
    for (const [patient, awaited] of this.#awaited) count += await this.#countReadable(patient, awaited);
    return count;
  }

  #actOf(workload: Workload, clients: number): (client: number) => Promise<unknown> {
    switch (workload) {
      case "book":
      case "pay":
        return (client) => this.#book(workload, client, clients);
      case "list":
        return (client) => this.#get(client, `/v1/doctors/${this.#shownDoctorId}/slots?pageSize=20`);
      case "search":
        return (client) => this.#get(client, "/v1/doctors?specialty=cardiology&pageSize=20");
    }
  }

  async #get(client: number, path: string): Promise<unknown> {
    return await this.#client.send({
      method: "GET",
      path,
      token: this.#patients.at(client % LANES, 0)!.token,
    });
  }

  /** Books a slot. @returns false if no slot or no patient is left */
  async #book(workload: Stockable, client: number, clients: number): Promise<boolean> {
    const lane = this.#nextLaneOf(client, clients);
    const turn = this.#turns[lane]!++;
    // A Latin square: in the same turn, two lanes never book with the same doctor.
    const slotId = this.#timetables[workload]?.slotAt(turn, (lane + turn) % LANES);
    const patient = this.#patients.at(lane, turn);
    if (slotId === undefined || patient === undefined) return false;
    const { consultationId, paymentId } = await this.#client.call<Booking>({
      method: "POST",
      path: "/v1/bookings",
      token: patient.token,
      key: randomUUID(),
      body: { slotId, reason: "Follow-up" },
    });
    if (workload === "pay") await this.#authorize(patient, paymentId!);
    this.#awaited.set(patient, (this.#awaited.get(patient) ?? new Set()).add(consultationId));
    return true;
  }

  /**
   * Authorizes a payment. Retries after a 404, because billing may learn of the booking only after the
   * patient has got the response.
   */
  async #authorize({ token }: Member, paymentId: string): Promise<void> {
    const call: Call = {
      method: "POST",
      path: `/v1/payments/${paymentId}:authorize`,
      token,
      key: randomUUID(),
      body: { paymentMethod: "pm_card_visa" },
    };
    for (let attempt = 1; ; attempt++) {
      try {
        const { status } = await this.#client.call<{ status: string }>(call);
        if (status === "AUTHORIZED") return;
        throw new Error(`a payment is ${status} after its authorization`);
      } catch (error) {
        const isEarly = error instanceof Refusal && error.status === 404;
        if (!isEarly || attempt === AUTHORIZE_ATTEMPTS) throw error;
        await delay(AUTHORIZE_PAUSE_MS);
      }
    }
  }

  async #openTimetable(workload: Stockable): Promise<Timetable> {
    const doctors = await joinAll(this.#client, "DOCTOR", workload, LANES);
    const fee = workload === "pay" ? { fee: FEE } : {};
    return await Timetable.open(this.#client, doctors, { adminToken: this.#adminToken, ...fee });
  }

  /** Returns the lane of this client with the fewest bookings. */
  #nextLaneOf(client: number, clients: number): number {
    let next = client % LANES;
    for (let i = next; i < LANES; i += clients) {
      if (this.#turns[i]! < this.#turns[next]!) next = i;
    }
    return next;
  }

  async #countReadable({ token }: Member, awaited: Set<string>): Promise<number> {
    const startTime = Timetable.timeAt(this.#firstTurn).toISOString();
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
