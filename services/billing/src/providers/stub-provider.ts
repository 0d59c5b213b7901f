import type { Clock } from "@medconnect/platform/clock.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Charge, Order, Provider } from "./provider.ts";
import { findCharge, insertCharge, moveCharge, type StubChargeRow } from "./stub-charge-store.ts";

export interface StubProviderOptions {
  db: Database;
  clock: Clock;
  /** How long a charge that does not settle at once stays pending, in ms. */
  settleDelayMs: number;
  /** Where patients are sent who have to confirm; the attempt's id follows. */
  actionUrl: string;
}

/** What a payment method leads to, as test cards do. */
interface Course {
  declineCode?: string;
  /** Settles later; a patient who has to confirm is taken to have done so by then. */
  pending?: "without an answer" | "for the patient";
}

const COURSES: ReadonlyMap<string, Course> = new Map<string, Course>([
  ["pm_card_visa", {}],
  ["pm_card_declined", { declineCode: "card_declined" }],
  ["pm_card_insufficient_funds", { declineCode: "insufficient_funds" }],
  ["pm_provider_timeout", { pending: "without an answer" }],
  ["pm_requires_action", { pending: "for the patient" }],
]);
const UNKNOWN_METHOD: Course = { declineCode: "invalid_payment_method" };

/** A provider that moves no money. Its memory outlives the process, as another company's would. */
export class StubProvider implements Provider {
  readonly name = "stub";
  readonly #options: StubProviderOptions;

  constructor(options: StubProviderOptions) {
    this.#options = options;
  }

  async authorize(order: Order): Promise<Charge> {
    const course = COURSES.get(order.paymentMethod) ?? UNKNOWN_METHOD;
    await insertCharge(this.#options.db, this.#newCharge(order, course));
    if (course.pending === "without an answer") throw new Error("the stub provider does not answer in time");
    return await this.#get(order.attemptId);
  }

  async find(attemptId: string): Promise<Charge | undefined> {
    const row = await findCharge(this.#options.db, attemptId);
    return row && toCharge(row, this.#options.clock.now());
  }

  async capture(attemptId: string): Promise<Charge> {
    return await this.#move(attemptId, "AUTHORIZED", "CAPTURED");
  }

  async void(attemptId: string): Promise<Charge> {
    return await this.#move(attemptId, "AUTHORIZED", "VOIDED");
  }

  async refund(attemptId: string): Promise<Charge> {
    return await this.#move(attemptId, "CAPTURED", "REFUNDED");
  }

  #newCharge({ attemptId, amount }: Order, { declineCode, pending }: Course): StubChargeRow {
    const { clock, settleDelayMs, actionUrl } = this.#options;
    return {
      attempt_id: attemptId,
      reference: `stub_${attemptId.replaceAll("-", "")}`,
      status: declineCode ? "DECLINED" : "AUTHORIZED",
      currency: amount.currencyCode,
      amount_minor: amount.amountMinor,
      decline_code: declineCode ?? null,
      next_action_url: pending === "for the patient" ? `${actionUrl}/${attemptId}` : null,
      settle_time: new Date(clock.now().getTime() + (pending ? settleDelayMs : 0)),
    };
  }

  async #move(
    attemptId: string,
    from: StubChargeRow["status"],
    to: StubChargeRow["status"],
  ): Promise<Charge> {
    await moveCharge(this.#options.db, attemptId, from, to, this.#options.clock.now());
    return await this.#get(attemptId);
  }

  async #get(attemptId: string): Promise<Charge> {
    const charge = await this.find(attemptId);
    if (!charge) throw new Error("the stub provider has no such charge");
    return charge;
  }
}

function toCharge(row: StubChargeRow, now: Date): Charge {
  const isPending = row.settle_time > now;
  return {
    reference: row.reference,
    status: isPending ? "PENDING" : row.status,
    declineCode: row.decline_code,
    nextActionUrl: isPending ? row.next_action_url : null,
  };
}
