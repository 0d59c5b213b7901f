import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { beliefOf } from "./belief.ts";
import type { Crowd } from "./crowd.ts";
import type { HttpClient, Outcome, Sent } from "./http-client.ts";
import type { Patient } from "./patient.ts";
import type { Random } from "./random.ts";
import type { Tally } from "./tally.ts";

const TICK_MS = 10;
const RETRY_MS = 250;

/** What a stretch of the rush was answered. */
export interface Answers {
  /** Done or refused for a reason of the booking's, a second. */
  decidedPerSecond: number;
  /** How long what was turned away as too much took to be told so, in ms, shortest first. */
  turnedAwayMs: number[];
}

/** A change whose outcome is not known yet. */
interface Open {
  patient: Patient;
  call: string;
  sent: Sent;
}

/** Everybody books at once, and gives back what they get, so that there is always something to book. */
export class Rush {
  readonly #crowd: Crowd;
  readonly #http: HttpClient;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #underWay = new Set<Promise<void>>();
  #open: Open[] = [];
  #decided = 0;
  #turnedAwayMs: number[] = [];

  constructor(options: { crowd: Crowd; http: HttpClient; random: Random; tally: Tally }) {
    this.#crowd = options.crowd;
    this.#http = options.http;
    this.#random = options.random;
    this.#tally = options.tally;
  }

  /** So many at once, each with the next call as soon as the last one is answered: as much as the system can serve. */
  async atOnce(callers: number, ms: number): Promise<Answers> {
    return await this.#measured(ms, async (end) => {
      const call = async () => {
        while (Date.now() < end) await this.#book();
      };
      await Promise.all(Array.from({ length: callers }, call));
    });
  }

  /** So many bookings a second, however long the answers take. */
  async atRate(perSecond: number, ms: number): Promise<Answers> {
    return await this.#measured(ms, async (end) => {
      const begin = Date.now();
      for (let sent = 0; Date.now() < end; await delay(TICK_MS)) {
        for (; sent < ((Date.now() - begin) / 1000) * perSecond; sent++) this.#track(this.#book());
      }
    });
  }

  /** Asks again, with the same key, for all whose outcome is not known. */
  async decideAll(): Promise<void> {
    await Promise.all(this.#underWay);
    while (this.#open.length > 0) {
      for (const open of this.#open.splice(0)) await this.#send(open);
      await delay(RETRY_MS);
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
    await this.#ask(this.#random.pick(this.#crowd.patients), "POST /v1/bookings", { slotId });
  }

  async #ask(patient: Patient, call: string, body: Sent["body"]): Promise<void> {
    await this.#send({ patient, call, sent: { token: patient.token, key: randomUUID(), body: body! } });
  }

  async #send(open: Open): Promise<void> {
    const { patient, call, sent } = open;
    const outcome = await this.#http.send(call, sent);
    const isBooking = call.endsWith("/bookings");
    const refusals = isBooking ? ["SLOT_UNAVAILABLE", "PATIENT_OVERLAP"] : ["ILLEGAL_TRANSITION"];
    this.#tally.add(isBooking ? "book" : "cancel", outcome, refusals);
    if (outcome.kind === "unknown") return this.#leaveOpen(open, outcome);
    this.#decided += 1;
    if (outcome.kind !== "ok") return;
    const belief = beliefOf(outcome.body);
    const isNews = !patient.beliefs.has(belief.id);
    patient.beliefs.set(belief.id, belief);
    if (isNews) await this.#ask(patient, `POST /v1/bookings/${belief.id}:cancel`, { reason: "Well again" });
  }

  #leaveOpen(open: Open, { status, ms }: Outcome): void {
    this.#open.push(open);
    if (status === 503 || status === 429) this.#turnedAwayMs.push(ms);
  }
}
