import { Api } from "../support/api.ts";
import { HttpClient } from "./http-client.ts";
import { Patient } from "./patient.ts";
import { openPractices, type Slot } from "./practice.ts";
import type { Random } from "./random.ts";
import type { System } from "./system.ts";
import type { Tally } from "./tally.ts";

export interface CrowdOptions {
  system: System;
  random: Random;
  patients: number;
  thinkMs: number;
}

/** Patients who use the system all at once. */
export class Crowd {
  readonly patients: Patient[];
  readonly slots: readonly Slot[];
  readonly #http: HttpClient;
  #living: Promise<void>[] = [];

  constructor(patients: Patient[], slots: readonly Slot[], http: HttpClient) {
    this.patients = patients;
    this.slots = slots;
    this.#http = http;
  }

  static async gather({ system, random, patients: count, thinkMs }: CrowdOptions): Promise<Crowd> {
    const { gateway } = system.stack.urls;
    const { patients, slots } = await openPractices(new Api(gateway), count);
    const http = new HttpClient(gateway);
    return new Crowd(
      patients.map(
        ({ id, token }) => new Patient({ id, token, http, slots, random: random.fork(), thinkMs }),
      ),
      slots,
      http,
    );
  }

  /** Of some patient, to look at the system with. */
  get token(): string {
    return this.patients[0]!.token;
  }

  /** Counts all answers from now on in one place. */
  countIn(tally: Tally): void {
    for (const patient of this.patients) patient.tally = tally;
  }

  /** Has all patients live as long as `work` takes, and then until what they have begun is decided. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#living = this.patients.map((patient) => patient.live());
    try {
      return await work();
    } finally {
      for (const patient of this.patients) patient.stop();
      await Promise.all(this.#living);
    }
  }

  close(): void {
    this.#http.close();
  }
}
