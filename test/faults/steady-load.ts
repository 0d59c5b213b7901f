import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Balancer } from "./balancer.ts";
import { beliefOf } from "./belief.ts";
import type { Crowd } from "./crowd.ts";
import type { Random } from "./random.ts";
import type { Tally } from "./tally.ts";

const TICK_MS = 10;
const READS = [
  "GET /v1/bookings?pageSize=5",
  "GET /v1/users/me",
  "GET /v1/consultations?pageSize=5",
  "GET /v1/payments?pageSize=5",
];
/** How many calls of a hundred book; each booking made is cancelled by another. */
const BOOKINGS = 10;

/** Calls at a fixed rate, whatever becomes of them, and none is tried again. */
export class SteadyLoad {
  readonly #balancer: Balancer;
  readonly #crowd: Crowd;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #underWay = new Set<Promise<void>>();
  #sent = 0;
  #stopped = false;

  constructor(balancer: Balancer, crowd: Crowd, random: Random, tally: Tally) {
    this.#balancer = balancer;
    this.#crowd = crowd;
    this.#random = random;
    this.#tally = tally;
  }

  /** @returns how many calls a second there were */
  async during(ratePerSecond: number, work: () => Promise<void>): Promise<number> {
    const begin = performance.now();
    const sending = this.#send(ratePerSecond, begin);
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

  async #send(ratePerSecond: number, begin: number): Promise<void> {
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
    const { token, beliefs } = this.#random.pick(this.#crowd.patients);
    if (this.#random.below(100) >= BOOKINGS) {
      this.#tally.add("read", await this.#balancer.send(this.#random.pick(READS), { token }), []);
      return;
    }
    const { id: slotId } = this.#random.pick(this.#crowd.slots);
    const sent = { token, key: randomUUID(), body: { slotId } };
    const booked = await this.#balancer.send("POST /v1/bookings", sent);
    this.#tally.add("book", booked, ["SLOT_UNAVAILABLE", "PATIENT_OVERLAP"]);
    if (booked.kind !== "ok") return;
    const belief = beliefOf(booked.body);
    beliefs.set(belief.id, belief);
    belief.cancelAsked = true;
    const cancel = { token, key: randomUUID(), body: { reason: "Well again" } };
    const cancelled = await this.#balancer.send(`POST /v1/bookings/${belief.id}:cancel`, cancel);
    this.#tally.add("cancel", cancelled, ["BOOKING_STARTED"]);
    if (cancelled.kind === "ok") belief.status = "CANCELLED";
  }
}
