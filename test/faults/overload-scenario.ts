import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import type { CallStats } from "./call-stats.ts";
import type { Crowd } from "./crowd.ts";
import { BOOKING_REFUSALS, expectedFrom } from "./expected-booking.ts";
import type { HttpClient, Outcome } from "./http-client.ts";
import type { Patient } from "./patient.ts";
import type { Random } from "./random.ts";

const TICK_MS = 10;
const QUIET_LOOKS = 3;
const LOOK_PAUSE_MS = 1000;
const REFUSALS = {
  book: BOOKING_REFUSALS,
  // Expected if the hold has expired or the appointment has started.
  cancel: ["ILLEGAL_TRANSITION", "BOOKING_STARTED"],
} as const;

/** Measurements of the calls in one period. */
export interface Answers {
  /** Calls per second that succeeded, or were refused for another reason than overload. */
  decidedPerSecond: number;
  /** Latencies of the calls that were refused because of overload, in ms and sorted. */
  turnedAwayMs: number[];
}

/** Simulates many patients who book at the same time. They also cancel, so that slots stay open. */
export class OverloadScenario {
  readonly #crowd: Crowd;
  readonly #http: HttpClient;
  readonly #random: Random;
  readonly #callStats: CallStats;
  readonly #underWay = new Set<Promise<void>>();
  /** Ids of patients who sent a booking whose outcome is unknown. */
  readonly #unsure = new Set<string>();
  #decided = 0;
  #turnedAwayMs: number[] = [];

  constructor(options: { crowd: Crowd; http: HttpClient; random: Random; callStats: CallStats }) {
    this.#crowd = options.crowd;
    this.#http = options.http;
    this.#random = options.random;
    this.#callStats = options.callStats;
  }

  /** Lets this number of callers book without pauses. The result shows how much the system can serve. */
  async atOnce(callers: number, ms: number): Promise<Answers> {
    return await this.#measured(ms, async (end) => {
      const call = async () => {
        while (Date.now() < end) await this.#book();
      };
      await Promise.all(Array.from({ length: callers }, call));
    });
  }

  /** Sends this number of bookings per second. Does not wait for responses to earlier bookings. */
  async atRate(perSecond: number, ms: number): Promise<Answers> {
    return await this.#measured(ms, async (end) => {
      const begin = Date.now();
      for (let sent = 0; Date.now() < end; await delay(TICK_MS)) {
        for (; sent < ((Date.now() - begin) / 1000) * perSecond; sent++) this.#track(this.#book());
      }
    });
  }

  /**
   * Waits for the last responses. Then reads the bookings of all patients who sent a booking with an unknown
   * outcome.
   */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    const unsure = this.#crowd.patients.filter(({ id }) => this.#unsure.has(id));
    if (unsure.length === 0) return;
    // Repeated until no new booking appears, because a call may still take effect after its client has given
    // up.
    for (let quietLooks = 0; quietLooks < QUIET_LOOKS; await delay(LOOK_PAUSE_MS)) {
      let found = 0;
      for (const patient of unsure) found += await this.#lookUp(patient);
      quietLooks = found === 0 ? quietLooks + 1 : 0;
    }
  }

  async #measured(ms: number, work: (end: number) => Promise<void>): Promise<Answers> {
    this.#decided = 0;
    this.#turnedAwayMs = [];
    await work(Date.now() + ms);
    return {
      decidedPerSecond: this.#decided / (ms / 1000),
      turnedAwayMs: this.#turnedAwayMs.sort((a, b) => a - b),
    };
  }

  #track(call: Promise<void>): void {
    this.#underWay.add(call);
    void call.finally(() => this.#underWay.delete(call));
  }

  async #book(): Promise<void> {
    const { id: slotId } = this.#random.pick(this.#crowd.slots);
    const patient = this.#random.pick(this.#crowd.patients);
    const booked = await this.#send("book", patient, "POST /v1/bookings", { slotId });
    if (booked.kind === "unknown") this.#unsure.add(patient.id);
    if (booked.kind !== "ok") return;
    const expected = expectedFrom(booked.body);
    patient.expectedBookings.set(expected.id, expected);
    const cancel = `POST /v1/bookings/${expected.id}:cancel`;
    expected.cancelAsked = true;
    const cancelled = await this.#send("cancel", patient, cancel, { reason: "Well again" });
    if (cancelled.kind === "ok") expected.status = "CANCELLED";
  }

  async #send(
    operation: keyof typeof REFUSALS,
    { token }: Patient,
    call: string,
    body: Json,
  ): Promise<Outcome> {
    const outcome = await this.#http.send(call, { token, key: randomUUID(), body });
    this.#callStats.add(operation, outcome, REFUSALS[operation]);
    if (outcome.kind !== "unknown") this.#decided += 1;
    else if (outcome.status === 503) this.#turnedAwayMs.push(outcome.ms);
    return outcome;
  }

  /** Reads a patient's bookings, and stores the unknown ones. @returns the number of unknown bookings */
  async #lookUp({ token, expectedBookings }: Patient): Promise<number> {
    const known = expectedBookings.size;
    let pageToken = "";
    do {
      const call = `GET /v1/bookings?pageSize=100&pageToken=${encodeURIComponent(pageToken)}`;
      const { kind, body, reason } = await this.#http.send(call, { token });
      if (kind !== "ok") throw new Error(`Bookings cannot be listed: ${reason}.`);
      for (const expected of (body.bookings as Json[]).map(expectedFrom)) {
        if (!expectedBookings.has(expected.id)) expectedBookings.set(expected.id, expected);
      }
      pageToken = String(body.nextPageToken);
    } while (pageToken !== "");
    return expectedBookings.size - known;
  }
}
