import { signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import type { CallStats } from "./call-stats.ts";
import { Doctor } from "./doctor.ts";
import type { BookingHolder } from "./expected-booking.ts";
import { HttpClient } from "./http-client.ts";
import { Patient } from "./patient.ts";
import { openPractices, type Slot } from "./practice.ts";
import type { Random } from "./random.ts";
import { RefundingAdmin } from "./refunding-admin.ts";
import { Registrar } from "./registrar.ts";
import { SCHEMA_PREFIX, type System } from "./system.ts";

export interface CrowdOptions {
  system: System;
  random: Random;
  patients: number;
  thinkMs: number;
  /** Client of all members; default: a new one. */
  http?: HttpClient;
}

interface Members {
  patients: Patient[];
  doctors: Doctor[];
  refundingAdmin: RefundingAdmin;
  registrar: Registrar;
}

/**
 * Number of doctors whose licences the admin revokes and verifies again: one doctor has a fee, the other has
 * none.
 */
const SUPERVISED = 2;

/** Patients, doctors and admins who use the system at the same time. */
export class Crowd {
  readonly patients: Patient[];
  readonly doctors: Doctor[];
  readonly refundingAdmin: RefundingAdmin;
  readonly registrar: Registrar;
  readonly slots: readonly Slot[];
  /** Patients whose bookings a scenario makes itself. */
  readonly guests: BookingHolder[] = [];
  readonly #http: HttpClient;
  #living: Promise<void>[] = [];

  constructor(
    { patients, doctors, refundingAdmin, registrar }: Members,
    slots: readonly Slot[],
    http: HttpClient,
  ) {
    this.patients = patients;
    this.doctors = doctors;
    this.refundingAdmin = refundingAdmin;
    this.registrar = registrar;
    this.slots = slots;
    this.#http = http;
  }

  static async gather(options: CrowdOptions): Promise<Crowd> {
    const { system, random, patients: count, thinkMs } = options;
    const { gateway } = system.stack.urls;
    const api = new Api(gateway);
    const { patients, doctors, slots } = await openPractices(api, count);
    const admin = await signUpAdmin(api, system.stack, SCHEMA_PREFIX);
    const http = options.http ?? new HttpClient(gateway);
    const members: Members = {
      patients: patients.map(
        ({ id, token }) => new Patient({ id, token, http, slots, random: random.fork(), thinkMs }),
      ),
      doctors: doctors.map(
        ({ id, token, calendar }) => new Doctor({ id, token, calendar, http, slots, random: random.fork() }),
      ),
      refundingAdmin: new RefundingAdmin({ token: admin.token, http, random: random.fork() }),
      registrar: new Registrar({
        token: admin.token,
        http,
        random: random.fork(),
        doctors: doctors.slice(-SUPERVISED),
      }),
    };
    return new Crowd(members, slots, http);
  }

  /** Everyone whose acknowledged bookings are checked. */
  get bookingHolders(): BookingHolder[] {
    return [...this.patients, ...this.guests];
  }

  /** Access token of a patient. Probes use it. */
  get token(): string {
    return this.patients[0]!.token;
  }

  /** Makes all members count their responses in these statistics from now on. */
  countIn(callStats: CallStats): void {
    for (const { client } of this.#members) client.callStats = callStats;
  }

  /** Lets everybody use the system during `work`. Then waits until the outcome of each open call is known. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#living = this.#members.map((member) => member.live());
    try {
      return await work();
    } finally {
      for (const member of this.#members) member.stop();
      await Promise.all(this.#living);
    }
  }

  get #members(): (Patient | Doctor | RefundingAdmin | Registrar)[] {
    return [...this.patients, ...this.doctors, this.refundingAdmin, this.registrar];
  }

  close(): void {
    this.#http.close();
  }
}
