import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import {
  BOOKING_REFUSALS,
  contradiction,
  type ExpectedBooking,
  expectedFrom,
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
  // NOT_FOUND is expected if billing was down when the slot was held. Billing then does not know the booking
  // yet.
  authorize: ["PAYMENT_DECLINED", "HOLD_EXPIRED", "ILLEGAL_TRANSITION", "NOT_FOUND"],
  // Expected if the doctor has started, ended or cancelled the booking before the call arrived.
  cancel: ["ILLEGAL_TRANSITION", "BOOKING_STARTED"],
  reschedule: [
    "ILLEGAL_TRANSITION",
    "BOOKING_STARTED",
    "SLOT_UNAVAILABLE",
    "PATIENT_OVERLAP",
    "RESCHEDULE_TOO_LATE",
    "NOT_FOUND",
  ],
  // Expected if the doctor did not reschedule the booking. Also expected if the booking was rescheduled
  // again, or ended, after the patient had read it.
  "accept move": ["ILLEGAL_TRANSITION", "BOOKING_STARTED", "TIME_DIFFERS"],
  // NOT_FOUND is expected if clinical was down when the booking was confirmed. ILLEGAL_TRANSITION is expected
  // if the doctor has started, ended or cancelled the booking.
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
  /** Maximum pause of the patient between two calls, in ms. */
  thinkMs: number;
}

/**
 * A simulated patient, who books, pays, cancels, reschedules, joins and reads, one call at a time. Stores
 * each acknowledged result for later checks.
 */
export class Patient {
  readonly id: string;
  readonly token: string;
  /** Acknowledged bookings, by id. */
  readonly expectedBookings = new Map<string, ExpectedBooking>();
  readonly client: RetryingClient<keyof typeof EXPECTED>;
  readonly #options: PatientOptions;
  /**
   * Slots for which a booking or rescheduling was refused, but may still happen: an earlier attempt of the
   * same call has no known outcome.
   */
  readonly unsureSlots = new Set<string>();
  /** Ids of bookings whose waiting room the patient has visited since the last rescheduling, if any. */
  readonly #visited = new Set<string>();
  /** Id of the doctor with whom the patient prefers to book. */
  #favourite: string | undefined;
  #stopped = false;

  constructor(options: PatientOptions) {
    this.id = options.id;
    this.token = options.token;
    this.client = new RetryingClient({ ...options, expected: EXPECTED });
    this.#options = options;
  }

  /** Uses the system until `stop` is called. Returns once the outcome of each pending call is known. */
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
    const pending = this.#expectedWith("PENDING_PAYMENT");
    const confirmed = this.#expectedWith("CONFIRMED");
    // Pays often, because a hold is short. Some holds still expire.
    if (pending.length > 0 && chance < 0.4) return await this.#authorize(random.pick(pending));
    if (confirmed.length > 0 && chance < 0.5) return await this.#reschedule(random.pick(confirmed));
    if (confirmed.length > 0 && chance < 0.53) return await this.#acceptMove(random.pick(confirmed));
    const awaited = confirmed.filter(({ id }) => !this.#visited.has(id));
    if (awaited.length > 0 && chance < 0.65) return await this.#join(random.pick(awaited));
    const live = [...pending, ...confirmed];
    if (live.length > 0 && chance < 0.72) return await this.#cancel(random.pick(live));
    if (this.expectedBookings.size > 0 && chance < 0.8)
      return await this.#read(random.pick([...this.expectedBookings.values()]));
    await this.#book(this.#choose());
  }

  /**
   * Chooses a slot at random, with these preferences:
   *
   * - the newest slots, because some of them start soon
   * - slots of one doctor, to reach the limit of bookings per doctor
   * - slots that the patient has held and not paid, to test the cooldown
   */
  #choose(): Slot {
    const { slots, random } = this.#options;
    this.#favourite ??= random.pick(slots).doctorId;
    const unpaid = new Set(
      [...this.expectedBookings.values()].filter(isUnpaidHold).map(({ slotId }) => slotId),
    );
    const chance = random.next();
    if (chance < 0.3) return random.pick(slots.slice(-NEWEST));
    const wanted = slots.filter(({ id, doctorId }) =>
      chance < 0.6 ? doctorId === this.#favourite : chance < 0.85 && unpaid.has(id),
    );
    return random.pick(wanted.length > 0 ? wanted : slots);
  }

  #expectedWith(status: Status): ExpectedBooking[] {
    return [...this.expectedBookings.values()].filter((expected) => expected.status === status);
  }

  async #book({ id: slotId }: Slot): Promise<void> {
    const { kind, isFinal, body } = await this.client.decide("book", "POST /v1/bookings", {
      slotId,
      reason: "A cough",
    });
    if (!isFinal) this.unsureSlots.add(slotId);
    if (kind !== "ok") return;
    const expected = expectedFrom(body);
    if (this.expectedBookings.has(expected.id))
      this.client.violate(`booking ${expected.id} was given out twice`);
    if (expected.slotId !== slotId)
      this.client.violate(`booking ${expected.id} is on another slot than asked for`);
    this.expectedBookings.set(expected.id, expected);
  }

  async #authorize(expected: ExpectedBooking): Promise<void> {
    const call = `POST /v1/payments/${expected.paymentId}:authorize`;
    const paymentMethod = this.#options.random.pick(METHODS);
    const { kind, reason, body } = await this.client.decide("authorize", call, { paymentMethod });
    if (kind === "ok" && body.status === "AUTHORIZED") expected.paid = true;
    // Billing's response does not show whether scheduling has confirmed the booking. So the patient reads the
    // booking.
    if (kind === "ok" || reason === "HOLD_EXPIRED" || reason === "ILLEGAL_TRANSITION")
      await this.#read(expected);
  }

  async #cancel(expected: ExpectedBooking): Promise<void> {
    const call = `POST /v1/bookings/${expected.id}:cancel`;
    expected.cancelAsked = true;
    const { kind, body } = await this.client.decide("cancel", call, { reason: "Well again" });
    if (kind === "refused") return await this.#read(expected);
    if (kind !== "ok") return;
    if (body.status !== "CANCELLED")
      this.client.violate(`booking ${expected.id} was cancelled as ${body.status}`);
    expected.status = "CANCELLED";
  }

  async #reschedule(expected: ExpectedBooking): Promise<void> {
    const { slots, random } = this.#options;
    const isPaid = expected.paymentId !== undefined;
    const fitting = slots.filter((slot) => slot.doctorId === expected.doctorId && slot.isPaid === isPaid);
    const { id: slotId } = random.pick(fitting);
    const call = `POST /v1/bookings/${expected.id}:reschedule`;
    const { kind, isFinal, body } = await this.client.decide("reschedule", call, { slotId });
    if (!isFinal) this.unsureSlots.add(slotId);
    if (kind !== "ok") return;
    this.#visited.delete(expected.id);
    Object.assign(expected, { slotId: body.slotId, sequence: Number(body.sequence), joined: false });
  }

  /**
   * Reads the booking, and accepts the time in the response, in case the doctor has rescheduled the booking.
   */
  async #acceptMove(expected: ExpectedBooking): Promise<void> {
    const seen = await this.client.look("read", `GET /v1/bookings/${expected.id}`);
    if (seen.kind !== "ok") return;
    const { startTime, endTime } = seen.body;
    const call = `POST /v1/bookings/${expected.id}:acceptMove`;
    const { kind, body } = await this.client.decide("accept move", call, { startTime, endTime });
    if (kind !== "ok") return;
    if (!(body.move as Json | undefined)?.accepted || body.startTime !== startTime)
      this.client.violate(`the move of booking ${expected.id} to ${startTime} was accepted, and is not`);
    this.#learn(expected, expectedFrom(body));
  }

  async #join(expected: ExpectedBooking): Promise<void> {
    const call = `POST /v1/consultations/${expected.consultationId}:join`;
    const { kind, reason, body } = await this.client.decide("join", call, {});
    if (reason !== "NOT_FOUND") this.#visited.add(expected.id);
    if (kind === "refused") return await this.#read(expected);
    if (kind !== "ok") return;
    if (body.status !== "WAITING")
      this.client.violate(`consultation ${expected.consultationId} was joined as ${body.status}`);
    expected.joined = true;
  }

  /** Reads a booking, and stores its status. A contradiction to the acknowledged state is a violation. */
  async #read(expected: ExpectedBooking): Promise<void> {
    const seen = await this.client.look("read", `GET /v1/bookings/${expected.id}`);
    if (seen.kind === "ok") this.#learn(expected, expectedFrom(seen.body));
    if (expected.paymentId !== undefined && this.#options.random.next() < 0.3) {
      await this.client.look("read payment", `GET /v1/payments/${expected.paymentId}`);
      await this.client.look("list", "GET /v1/consultations");
    }
  }

  #learn(expected: ExpectedBooking, seen: ExpectedBooking): void {
    const wrong = contradiction(expected, seen);
    if (wrong) this.client.violate(wrong);
    expected.status = seen.status;
  }
}
