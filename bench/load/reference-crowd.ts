import { randomUUID } from "node:crypto";
import { Client } from "./client.ts";
import { type Crowd, SHOWN_SLOTS } from "./crowd.ts";
import { drive } from "./drive.ts";
import type { LoadResult, Stockable, Workload } from "./tasks.ts";

const PATIENTS = 200;
const SLOTS_A_DOCTOR = 4000;

interface Doctor {
  doctorId: string;
  slotIds: string[];
}

/**
 * Simulated users of the reference monolith. They book concurrently, and each booking takes the next slot and
 * the token of the next patient.
 */
export class ReferenceCrowd implements Crowd {
  readonly #client: Client;
  readonly #tokens: string[];
  readonly #shownDoctorId: string;
  readonly #slotIds: string[] = [];
  #bookings = 0;
  #lastRun = 0;

  private constructor(client: Client, tokens: string[], shownDoctorId: string) {
    this.#client = client;
    this.#tokens = tokens;
    this.#shownDoctorId = shownDoctorId;
  }

  static async gather(url: string): Promise<ReferenceCrowd> {
    const client = new Client(url);
    const tokens: string[] = [];
    for (let i = 0; i < PATIENTS; i++) {
      const body = { subject: randomUUID() };
      tokens.push(
        (await client.call<{ token: string }>({ method: "POST", path: "/bench/tokens", body })).token,
      );
    }
    return new ReferenceCrowd(client, tokens, (await addDoctor(client, SHOWN_SLOTS)).doctorId);
  }

  async stock(_workload: Stockable, bookings: number): Promise<void> {
    while (this.#slotIds.length < this.#bookings + bookings) {
      this.#slotIds.push(...(await addDoctor(this.#client, SLOTS_A_DOCTOR)).slotIds);
    }
  }

  async run(workload: Workload, clients: number, seconds: number): Promise<LoadResult> {
    if (workload === "pay" || workload === "search") throw new Error(`The reference has no ${workload}.`);
    const act = workload === "book" ? () => this.#book() : () => this.#list();
    const result = await drive(clients, seconds, act);
    this.#lastRun = result.operations;
    return result;
  }

  /** No query is needed, because one transaction creates each booking and its consultation. */
  async verify(): Promise<number> {
    return this.#lastRun;
  }

  async #book(): Promise<boolean> {
    const i = this.#bookings++;
    const slotId = this.#slotIds[i];
    if (slotId === undefined) return false;
    await this.#client.send({
      method: "POST",
      path: "/v1/bookings",
      token: this.#tokens[i % PATIENTS]!,
      key: randomUUID(),
      body: { slotId, reason: "Follow-up" },
    });
    return true;
  }

  async #list(): Promise<boolean> {
    await this.#client.send({ method: "GET", path: `/v1/doctors/${this.#shownDoctorId}/slots` });
    return true;
  }
}

async function addDoctor(client: Client, slots: number): Promise<Doctor> {
  return await client.call<Doctor>({ method: "POST", path: "/bench/doctors", body: { slots } });
}
