import type { Client } from "./client.ts";
import { joinAll, type Member } from "./members.ts";

/** Fewer than the 10 bookings ahead that a patient may have. */
const BOOKINGS_EACH = 9;

/**
 * Patients in lanes: in each lane one books after the other, so often that no limit is reached. The lanes' turns decide the
 * slots.
 */
export class Patients {
  readonly #client: Client;
  /** By lane, in their order. */
  readonly #lanes: Member[][];

  private constructor(client: Client, lanes: Member[][]) {
    this.#client = client;
    this.#lanes = lanes;
  }

  /** One patient in each of so many lanes. */
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

  /** Makes accounts until every lane has patients for so many turns. */
  async extend(turns: number): Promise<void> {
    const perLane = Math.ceil(turns / BOOKINGS_EACH);
    const have = this.#lanes[0]!.length;
    if (perLane <= have) return;
    const joined = await joinAll(this.#client, "PATIENT", have * this.lanes, (perLane - have) * this.lanes);
    for (const [i, member] of joined.entries()) this.#lanes[i % this.lanes]!.push(member);
  }

  /** The patient whose turn it is in a lane; undefined where there are no more. */
  at(lane: number, turn: number): Member | undefined {
    return this.#lanes[lane]![Math.floor(turn / BOOKINGS_EACH)];
  }
}
