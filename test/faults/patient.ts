import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import {
  BOOKING_REFUSALS,
  beliefOf,
  contradiction,
  type ExpectedBooking,
  type Status,
} from "./expected-booking.ts";
import type { HttpClient } from "./http-client.ts";
import type { Slot } from "./practice.ts";
import type { Random } from "./random.ts";
import { RetryingClient } from "./retrying-client.ts";

const METHODS = [
  ...Array<string>(7).fill("pm_card_visa"),
  "pm_card_declined",
  "pm_provider_timeout",
  "pm_requires_action",
];

const EXPECTED = {
  book: BOOKING_REFUSALS,
  // Not found: billing was away when the slot was held, and has not heard of the payment yet.
  authorize: ["PAYMENT_DECLINED", "HOLD_EXPIRED", "ILLEGAL_TRANSITION", "NOT_FOUND"],
  // Its doctor may have begun, ended or cancelled it meanwhile.
  cancel: ["ILLEGAL_TRANSITION", "BOOKING_STARTED"],
  reschedule: [
    "ILLEGAL_TRANSITION",
    "BOOKING_STARTED",
    "SLOT_UNAVAILABLE",
    "PATIENT_OVERLAP",
    "RESCHEDULE_TOO_LATE",
    "NOT_FOUND",
  ],
  // Never moved; or moved again or ended meanwhile, which the patient does not know yet.
  "accept move": ["ILLEGAL_TRANSITION", "BOOKING_STARTED", "TIME_DIFFERS"],
  // Not found: clinical was away when the booking was confirmed. Else its doctor has begun, ended or cancelled it.
  join: ["NOT_FOUND", "ILLEGAL_TRANSITION"],
  read: [],
  list: [],
  "read payment": ["NOT_FOUND"],
} as const;

const NEWEST = 8;

const isUnpaidHold = ({ paymentId, paid, status }: ExpectedBooking): boolean =>
  paymentId !== undefined && !paid && (status === "CANCELLED" || status === "EXPIRED");

export interface PatientOptions {
  id: string;
  token: string;
  http: HttpClient;
  slots: readonly Slot[];
  random: Random;
  /** How long a patient thinks between two calls, at most. */
  thinkMs: number;
}

/**
 * A patient who books, pays, cancels, moves, comes to the waiting room and reads, one call after the other, and remembers what was acknowledged.
 */
export class Patient {
  readonly id: string;
  readonly token: string;
  /** By booking id. */
  readonly beliefs = new Map<string, ExpectedBooking>();
  readonly client: RetryingClient<keyof typeof EXPECTED>;
  readonly #options: PatientOptions;
  /** Slots that a refused booking or move may still take, because an earlier call of it is still running. */
  readonly unsureSlots = new Set<string>();
  /** Bookings whose waiting room was asked for since they were made or moved. */
  readonly #visited = new Set<string>();
  /** Id of the doctor that the patient prefers. */
  #favourite: string | undefined;
  #stopped = false;

  constructor(options: PatientOptions) {
    this.id = options.id;
    this.token = options.token;
    this.client = new RetryingClient({ ...options, expected: EXPECTED });
    this.#options = options;
  }

  /** Goes on until stopped; what was begun is decided before this returns. */
  async live(): Promise<void> {
    const { random, thinkMs } = this.#options;
    this.#stopped = false;
    while (!this.#stopped) {
      await this.#act();
      await delay(random.next() * thinkMs);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #act(): Promise<void> {
    const { random } = this.#options;
    const chance = random.next();
    const pending = this.#believed("PENDING_PAYMENT");
    const confirmed = this.#believed("CONFIRMED");
    // A hold is short: most are paid at once, some are left to expire.
    if (pending.length > 0 && chance < 0.4) return await this.#authorize(random.pick(pending));
    if (confirmed.length > 0 && chance < 0.5) return await this.#reschedule(random.pick(confirmed));
    if (confirmed.length > 0 && chance < 0.53) return await this.#acceptMove(random.pick(confirmed));
    const awaited = confirmed.filter(({ id }) => !this.#visited.has(id));
    if (awaited.length > 0 && chance < 0.65) return await this.#join(random.pick(awaited));
    const live = [...pending, ...confirmed];
    if (live.length > 0 && chance < 0.72) return await this.#cancel(random.pick(live));
    if (this.beliefs.size > 0 && chance < 0.8)
      return await this.#read(random.pick([...this.beliefs.values()]));
    await this.#book(this.#choose());
  }

  /**
   * A slot to book. The newest are asked for most, as some begin soon; then those of one doctor, up to the limit, and those
   * that the patient held without paying, within their cooldown.
   */
  #choose(): Slot {
    const { slots, random } = this.#options;
    this.#favourite ??= random.pick(slots).doctorId;
    const unpaid = new Set([...this.beliefs.values()].filter(isUnpaidHold).map(({ slotId }) => slotId));
    const chance = random.next();
    if (chance < 0.3) return random.pick(slots.slice(-NEWEST));
    const wanted = slots.filter(({ id, doctorId }) =>
      chance < 0.6 ? doctorId === this.#favourite : chance < 0.85 && unpaid.has(id),
    );
    return random.pick(wanted.length > 0 ? wanted : slots);
  }

  #believed(status: Status): ExpectedBooking[] {
    return [...this.beliefs.values()].filter((belief) => belief.status === status);
  }

  async #book({ id: slotId }: Slot): Promise<void> {
    const { kind, isFinal, body } = await this.client.decide("book", "POST /v1/bookings", {
      slotId,
      reason: "A cough",
    });
    if (!isFinal) this.unsureSlots.add(slotId);
    if (kind !== "ok") return;
    const belief = beliefOf(body);
    if (this.beliefs.has(belief.id)) this.client.violate(`booking ${belief.id} was given out twice`);
    if (belief.slotId !== slotId)
      this.client.violate(`booking ${belief.id} is on another slot than asked for`);
    this.beliefs.set(belief.id, belief);
  }

  async #authorize(belief: ExpectedBooking): Promise<void> {
    const call = `POST /v1/payments/${belief.paymentId}:authorize`;
    const paymentMethod = this.#options.random.pick(METHODS);
    const { kind, reason, body } = await this.client.decide("authorize", call, { paymentMethod });
    if (kind === "ok" && body.status === "AUTHORIZED") belief.paid = true;
    // Whether it came in time, scheduling alone decides; a look at the booking tells.
    if (kind === "ok" || reason === "HOLD_EXPIRED" || reason === "ILLEGAL_TRANSITION")
      await this.#read(belief);
  }

  async #cancel(belief: ExpectedBooking): Promise<void> {
    const call = `POST /v1/bookings/${belief.id}:cancel`;
    belief.cancelAsked = true;
    const { kind, body } = await this.client.decide("cancel", call, { reason: "Well again" });
    if (kind === "refused") return await this.#read(belief);
    if (kind !== "ok") return;
    if (body.status !== "CANCELLED")
      this.client.violate(`booking ${belief.id} was cancelled as ${body.status}`);
    belief.status = "CANCELLED";
  }

  async #reschedule(belief: ExpectedBooking): Promise<void> {
    const { slots, random } = this.#options;
    const isPaid = belief.paymentId !== undefined;
    const fitting = slots.filter((slot) => slot.doctorId === belief.doctorId && slot.isPaid === isPaid);
    const { id: slotId } = random.pick(fitting);
    const call = `POST /v1/bookings/${belief.id}:reschedule`;
    const { kind, isFinal, body } = await this.client.decide("reschedule", call, { slotId });
    if (!isFinal) this.unsureSlots.add(slotId);
    if (kind !== "ok") return;
    this.#visited.delete(belief.id);
    Object.assign(belief, { slotId: body.slotId, sequence: Number(body.sequence), joined: false });
  }

  /** Reads the booking, and accepts a pending move to the time that it shows. */
  async #acceptMove(belief: ExpectedBooking): Promise<void> {
    const seen = await this.client.look("read", `GET /v1/bookings/${belief.id}`);
    if (seen.kind !== "ok") return;
    const { startTime, endTime } = seen.body;
    const call = `POST /v1/bookings/${belief.id}:acceptMove`;
    const { kind, body } = await this.client.decide("accept move", call, { startTime, endTime });
    if (kind !== "ok") return;
    if (!(body.move as Json | undefined)?.accepted || body.startTime !== startTime)
      this.client.violate(`the move of booking ${belief.id} to ${startTime} was accepted, and is not`);
    this.#believe(belief, beliefOf(body));
  }

  async #join(belief: ExpectedBooking): Promise<void> {
    const call = `POST /v1/consultations/${belief.consultationId}:join`;
    const { kind, reason, body } = await this.client.decide("join", call, {});
    if (reason !== "NOT_FOUND") this.#visited.add(belief.id);
    if (kind === "refused") return await this.#read(belief);
    if (kind !== "ok") return;
    if (body.status !== "WAITING")
      this.client.violate(`consultation ${belief.consultationId} was joined as ${body.status}`);
    belief.joined = true;
  }

  /** Looks at a booking, and believes what it sees if that does not contradict what was acknowledged. */
  async #read(belief: ExpectedBooking): Promise<void> {
    const seen = await this.client.look("read", `GET /v1/bookings/${belief.id}`);
    if (seen.kind === "ok") this.#believe(belief, beliefOf(seen.body));
    if (belief.paymentId !== undefined && this.#options.random.next() < 0.3) {
      await this.client.look("read payment", `GET /v1/payments/${belief.paymentId}`);
      await this.client.look("list", "GET /v1/consultations");
    }
  }

  #believe(belief: ExpectedBooking, seen: ExpectedBooking): void {
    const wrong = contradiction(belief, seen);
    if (wrong) this.client.violate(wrong);
    belief.status = seen.status;
  }
}
