import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import type { Balancer } from "./balancer.ts";
import type { CallStats } from "./call-stats.ts";
import type { Crowd } from "./crowd.ts";
import { BOOKING_REFUSALS, type ExpectedBooking, expectedFrom } from "./expected-booking.ts";
import type { Outcome } from "./http-client.ts";
import type { Patient } from "./patient.ts";
import type { Random } from "./random.ts";

const TICK_MS = 10;
const READS = [
  "GET /v1/bookings?pageSize=5",
  "GET /v1/users/me",
  "GET /v1/consultations?pageSize=5",
  "GET /v1/payments?pageSize=5",
];
/** Percentage of calls that book. All other calls read. Each booking is then paid, started or cancelled. */
const BOOKINGS = 10;
/** Maximum number of consultations that are started. Each started consultation uses up a slot. */
const STARTS = 24;
/** Maximum share of the bookings without a fee that are started. */
const START_SHARE = 0.25;
const EXPECTED = {
  read: [],
  book: BOOKING_REFUSALS,
  // NOT_FOUND is expected if billing or clinical does not know the booking yet. HOLD_EXPIRED and
  // ILLEGAL_TRANSITION are expected if the hold has expired.
  authorize: ["NOT_FOUND", "HOLD_EXPIRED", "ILLEGAL_TRANSITION"],
  join: ["NOT_FOUND", "ILLEGAL_TRANSITION"],
  start: ["NOT_FOUND", "ILLEGAL_TRANSITION", "PATIENT_NOT_JOINED", "LICENSE_NOT_VERIFIED"],
  cancel: ["BOOKING_STARTED", "ILLEGAL_TRANSITION"],
} as const;

/** Sends calls at a fixed rate. Does not repeat failed ones. */
export class SteadyLoad {
  readonly #balancer: Balancer;
  readonly #crowd: Crowd;
  readonly #random: Random;
  readonly #callStats: CallStats;
  readonly #underWay = new Set<Promise<void>>();
  #sent = 0;
  #startsLeft = STARTS;
  #stopped = false;

  constructor(balancer: Balancer, crowd: Crowd, random: Random, callStats: CallStats) {
    this.#balancer = balancer;
    this.#crowd = crowd;
    this.#random = random;
    this.#callStats = callStats;
  }

  /** Sends calls during `work`. @returns the achieved rate in calls per second */
  async during(ratePerSecond: number, work: () => Promise<void>): Promise<number> {
    const begin = performance.now();
    const sending = this.#keepUp(ratePerSecond, begin);
    try {
      await work();
    } finally {
      this.#stopped = true;
      await sending;
    }
    const rate = this.#sent / ((performance.now() - begin) / 1000);
    await Promise.all(this.#underWay);
    return rate;
  }

  async #keepUp(ratePerSecond: number, begin: number): Promise<void> {
    while (!this.#stopped) {
      const due = ((performance.now() - begin) / 1000) * ratePerSecond;
      for (; this.#sent < due; this.#sent++) this.#track(this.#call());
      await delay(TICK_MS);
    }
  }

  #track(call: Promise<void>): void {
    this.#underWay.add(call);
    void call.finally(() => this.#underWay.delete(call));
  }

  async #call(): Promise<void> {
    const patient = this.#random.pick(this.#crowd.patients);
    if (this.#random.below(100) < BOOKINGS) await this.#book(patient);
    else await this.#send("read", this.#random.pick(READS), patient);
  }

  /**
   * Books a slot. Pays a booking with a fee, and then cancels it. For some bookings without a fee, the doctor
   * starts the consultation. All others are cancelled.
   */
  async #book(patient: Patient): Promise<void> {
    const { id: slotId } = this.#random.pick(this.#crowd.slots);
    const booked = await this.#send("book", "POST /v1/bookings", patient, { slotId });
    if (booked.kind !== "ok") return;
    const expected = expectedFrom(booked.body);
    patient.expectedBookings.set(expected.id, expected);
    if (expected.paymentId !== undefined) await this.#authorize(patient, expected);
    else if (
      this.#startsLeft > 0 &&
      this.#random.next() < START_SHARE &&
      (await this.#begin(patient, expected))
    )
      return;
    expected.cancelAsked = true;
    const cancel = `POST /v1/bookings/${expected.id}:cancel`;
    const cancelled = await this.#send("cancel", cancel, patient, { reason: "Well again" });
    if (cancelled.kind === "ok") expected.status = "CANCELLED";
  }

  async #authorize(patient: Patient, expected: ExpectedBooking): Promise<void> {
    const call = `POST /v1/payments/${expected.paymentId}:authorize`;
    const { kind, body } = await this.#send("authorize", call, patient, { paymentMethod: "pm_card_visa" });
    if (kind === "ok" && body.status === "AUTHORIZED") expected.paid = true;
  }

  /**
   * Joins and starts the consultation of a booking. The doctor ends it after the load.
   *
   * @returns true if the consultation has started
   */
  async #begin(patient: Patient, expected: ExpectedBooking): Promise<boolean> {
    const doctor = this.#crowd.doctors.find(({ id }) => id === expected.doctorId)!;
    const path = `POST /v1/consultations/${expected.consultationId}`;
    const joined = await this.#send("join", `${path}:join`, patient, {});
    if (joined.kind !== "ok") return false;
    expected.joined = true;
    const { kind } = await this.#send("start", `${path}:start`, doctor, {});
    if (kind !== "ok") return false;
    this.#startsLeft -= 1;
    doctor.remember(expected, { status: "IN_PROGRESS" });
    return true;
  }

  async #send(
    operation: keyof typeof EXPECTED,
    call: string,
    { token }: { token: string },
    body?: Json,
  ): Promise<Outcome> {
    const outcome = await this.#balancer.send(call, { token, ...(body && { key: randomUUID(), body }) });
    this.#callStats.add(operation, outcome, EXPECTED[operation]);
    return outcome;
  }
}
