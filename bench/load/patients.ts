import type { Client } from "./client.ts";
import { joinAll, type Member } from "./members.ts";

/** Bookings per patient, below the limit of 10 upcoming bookings. */
const BOOKINGS_EACH = 9;

/**
 * Patients of each lane. Only one patient of a lane books at a time. After BOOKINGS_EACH bookings, the next
 * patient of the lane follows.
 */
export class Patients {
  readonly #client: Client;
  /** Patients of each lane, in order. */
  readonly #lanes: Member[][];

  private constructor(client: Client, lanes: Member[][]) {
    this.#client = client;
    this.#lanes = lanes;
  }

  /** Creates one patient per lane. */
  static async open(client: Client, lanes: number): Promise<Patients> {
    const patients = new Patients(
      client,
      Array.from({ length: lanes }, () => []),
    );
    await patients.extend(1);
    return patients;
  }

  get lanes(): number {
    return this.#lanes.length;
  }

  /** Creates patients until each lane has enough for this number of bookings. */
  async extend(turns: number): Promise<void> {
    const perLane = Math.ceil(turns / BOOKINGS_EACH);
    const have = this.#lanes[0]!.length;
    if (perLane <= have) return;
    const joined = await joinAll(this.#client, "PATIENT", `${have}`, (perLane - have) * this.lanes);
    for (const [i, member] of joined.entries()) this.#lanes[i % this.lanes]!.push(member);
  }

  /**
   * Patient who makes the n-th booking of a lane, counted from 0; undefined if the lane has too few patients.
   */
  at(lane: number, turn: number): Member | undefined {
    return this.#lanes[lane]![Math.floor(turn / BOOKINGS_EACH)];
  }
}
