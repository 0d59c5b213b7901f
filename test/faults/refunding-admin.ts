import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "../support/api.ts";
import type { HttpClient } from "./http-client.ts";
import type { Random } from "./random.ts";
import { RetryingClient } from "./retrying-client.ts";

const THINK_MS = 400;
const MOST_MINOR = 3000;
const CLOSE_SHARE = 0.3;

const EXPECTED = {
  "list paid": [],
  refund: ["REFUND_EXCEEDS_CAPTURED"],
  "list confirmed": [],
  // Expected if the doctor or the system has ended the booking before the admin closes it. Also expected if
  // the patient has not accepted the rescheduled time.
  close: ["ILLEGAL_TRANSITION", "MOVE_NOT_ACCEPTED", "BOOKING_CLOSED"],
} as const;
const OUTCOMES = ["COMPLETED", "NO_SHOW_PATIENT", "NO_SHOW_DOCTOR", "NO_SHOW_BOTH"] as const;

/** How an admin closed a booking, as the system acknowledged it. */
export interface AcknowledgedClose {
  outcome: (typeof OUTCOMES)[number];
  feeDecision: "CHARGE" | "RELEASE";
}

/** State of a refund as the system acknowledged it. */
export interface AcknowledgedRefund {
  paymentId: string;
  amountMinor: number;
  status: string;
}

/**
 * A simulated admin, who refunds parts of captured fees, and closes overdue bookings. Stores each
 * acknowledged result for later checks.
 */
export class RefundingAdmin {
  /** Acknowledged refunds, by id. */
  readonly refunds = new Map<string, AcknowledgedRefund>();
  /** Acknowledged closings, by booking id. */
  readonly closes = new Map<string, AcknowledgedClose>();
  readonly client: RetryingClient<keyof typeof EXPECTED>;
  readonly #random: Random;
  #stopped = false;

  constructor(options: { token: string; http: HttpClient; random: Random }) {
    this.client = new RetryingClient({ ...options, expected: EXPECTED });
    this.#random = options.random;
  }

  /** Uses the system until `stop` is called. Returns once the outcome of each pending call is known. */
  async live(): Promise<void> {
    this.#stopped = false;
    while (!this.#stopped) {
      await this.#act();
      await delay(this.#random.next() * THINK_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #act(): Promise<void> {
    if (this.#random.next() < CLOSE_SHARE) await this.#closeOne();
    else await this.#refundOne();
  }

  /** Closes a booking whose appointment has ended. */
  async #closeOne(): Promise<void> {
    const started = new URLSearchParams({
      status: "CONFIRMED",
      pageSize: "100",
      endTime: new Date().toISOString(),
    });
    const { kind, body } = await this.client.look("list confirmed", `GET /v1/bookings?${started}`);
    const bookings = kind === "ok" ? (body.bookings as Json[]) : [];
    const over = bookings.filter(({ endTime }) => Date.parse(String(endTime)) <= Date.now());
    if (over.length === 0) return;
    const id = String(this.#random.pick(over).id);
    const close: AcknowledgedClose = {
      outcome: this.#random.pick(OUTCOMES),
      feeDecision: this.#random.pick(["CHARGE", "RELEASE"]),
    };
    const call = `POST /v1/bookings/${id}:close`;
    const closed = await this.client.decide("close", call, { ...close, reason: "Nobody reported its end" });
    if (closed.kind === "ok") this.closes.set(id, close);
  }

  async #refundOne(): Promise<void> {
    const status = this.#random.pick(["CAPTURED", "PARTIALLY_REFUNDED"]);
    const { kind, body } = await this.client.look("list paid", `GET /v1/payments?status=${status}`);
    const payments = kind === "ok" ? (body.payments as Json[]) : [];
    if (payments.length > 0) await this.#refund(String(this.#random.pick(payments).id));
  }

  async #refund(paymentId: string): Promise<void> {
    const amountMinor = 1 + this.#random.below(MOST_MINOR);
    const call = `POST /v1/payments/${paymentId}/refunds`;
    const { kind, body } = await this.client.decide("refund", call, { amountMinor, reason: "As agreed" });
    if (kind !== "ok") return;
    const id = String(body.id);
    if (this.refunds.has(id)) this.client.violate(`refund ${id} was given out twice`);
    this.refunds.set(id, { paymentId, amountMinor, status: String(body.status) });
  }
}
