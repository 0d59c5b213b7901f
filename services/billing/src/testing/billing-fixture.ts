import { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { type Caller, callerId } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestService,
  userCaller,
} from "@medconnect/platform/testing/test-service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import { WebhookServiceService } from "@medconnect/proto/medconnect/billing/v1/webhook_service.ts";
import type { FeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import {
  type ConsultationState_Party,
  Event,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Billing, EVENT_ROUTES } from "../app.ts";
import { consumersOf } from "../consumers.ts";
import { authorizePayment } from "../payments/authorize-payment.ts";
import { captureExpiring } from "../payments/capture-expiring.ts";
import { getPayment } from "../payments/read-payments.ts";
import { processPayments } from "../processing/process-payments.ts";
import { processRefunds } from "../processing/process-refunds.ts";
import type {
  Charge,
  ChargeKey,
  Order,
  Provider,
  RefundOrder,
  RefundOutcome,
} from "../providers/provider.ts";
import { Providers } from "../providers/providers.ts";
import { StubProvider } from "../providers/stub-provider.ts";
import { signWebhook } from "../providers/stub-webhooks.ts";
import { createRefund } from "../refunds/create-refund.ts";
import { getRefund, listRefunds } from "../refunds/read-refunds.ts";
import { receiveWebhook } from "../webhooks/receive-webhook.ts";

export const LEASE_MS = 10_000;
export const PENDING_DELAY_MS = 2000;
export const AUTHORIZATION_MS = 7 * 24 * 3_600_000;
export const CAPTURE_BEFORE_EXPIRY_MS = 24 * 3_600_000;
export const WEBHOOK_SECRET = "the stub's webhook secret";
export const HOLD_MS = 15 * 60_000;

const pass = async (): Promise<void> => {};

/** The stub, at the end of a wire that a test can jam or cut. */
export class WiredProvider implements Provider {
  readonly name = "stub";
  readonly #stub: Provider;
  /** Which methods were called since the wire was last mended. */
  calls: string[] = [];
  /** What happens to a call on its way there, and to its answer on the way back. */
  there = pass;
  back = pass;

  constructor(stub: Provider) {
    this.#stub = stub;
  }

  mend(): void {
    this.calls = [];
    this.there = pass;
    this.back = pass;
  }

  authorize = (order: Order): Promise<Charge> => this.#call("authorize", () => this.#stub.authorize(order));
  find = (key: ChargeKey): Promise<Charge | undefined> => this.#call("find", () => this.#stub.find(key));
  capture = (key: ChargeKey): Promise<Charge> => this.#call("capture", () => this.#stub.capture(key));
  void = (key: ChargeKey): Promise<Charge> => this.#call("void", () => this.#stub.void(key));
  refund = (order: RefundOrder): Promise<RefundOutcome> =>
    this.#call("refund", () => this.#stub.refund(order));

  readWebhook = (body: Uint8Array, signature: string) => this.#stub.readWebhook(body, signature);

  async #call<T>(name: string, send: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    await this.there();
    const answer = await send();
    await this.back();
    return answer;
  }
}

const ADMIN = userCaller("ADMIN");

/** An event as another service would send it. */
type SentEvent = Parameters<typeof Event.fromPartial>[0] & { type: string };

/**
 * Billing on a schema of its own, with helpers for tests.
 *
 * @param far the remote end of the wire; default: the stub
 */
export async function startBilling(far?: Provider) {
  const service = await startTestService("billing", EVENT_ROUTES);
  const { db, clock } = service;
  const provider = new WiredProvider(
    far ??
      new StubProvider({
        db,
        clock,
        pendingDelayMs: PENDING_DELAY_MS,
        authorizationMs: AUTHORIZATION_MS,
        log: service.log,
        webhookSecret: WEBHOOK_SECRET,
        actionUrl: "https://stub.test/confirm",
      }),
  );
  // Nothing is settled unless a test says so.
  const app: Billing & TestService = {
    ...service,
    proofs: new RowProofs(service),
    providers: new Providers("stub", [provider]),
    attemptLeaseMs: LEASE_MS,
    captureBeforeExpiryMs: CAPTURE_BEFORE_EXPIRY_MS,
    processSoon: () => {},
  };
  return { app, provider, ...usesOf(app) };
}

function usesOf(app: Billing & TestService) {
  const inbox = new Inbox(app.transactions, consumersOf(app), app.clock, app.log);
  // One, so that concurrent attempts share transactions as in a process.
  const authorizing = bound(authorizePayment, app);

  /** Delivers events in one batch. @returns why, for those that could not be applied */
  const deliver = async (...sent: SentEvent[]): Promise<string[]> => {
    const [first] = sent;
    const name = first!.type.startsWith("consultation.") ? "clinical" : "scheduling";
    const events = sent.map((event) =>
      Event.fromPartial({ id: newId(), occurTime: app.clock.now(), ...event }),
    );
    const sender: Caller = { kind: "service", name };
    const { response } = await invoke(EventServiceService.deliverEvents, inbox.deliverEvents, sender, {
      events,
    });
    return response.failures.map(({ reason }) => reason);
  };

  /** A booking of 50 USD, and the events that it and its consultation can come to. */
  const booking = (patient: Caller, paymentId = newId()) => {
    const [bookingId, consultationId] = [newId(), newId()];
    const state = {
      slotId: newId(),
      doctorId: newId(),
      patientId: callerId(patient),
      consultationId,
      paymentId,
      fee: { currencyCode: "USD", amountMinor: 5000 },
      holdExpireTime: new Date(app.clock.now().getTime() + HOLD_MS),
    };
    const of = (type: string, version: number, feeDecision: FeeDecision) => ({
      type,
      aggregateId: bookingId,
      version,
      state: { $case: "booking" as const, value: { ...state, feeDecision } },
    });
    const consultation = (
      type: string,
      noShowParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
      lateParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
    ) => ({
      type,
      aggregateId: consultationId,
      version: 1,
      state: { $case: "consultation" as const, value: { bookingId, paymentId, noShowParty, lateParty } },
    });
    return {
      bookingId,
      paymentId,
      held: of("booking.held", 1, "FEE_DECISION_UNSPECIFIED"),
      expired: of("booking.expired", 2, "RELEASE"),
      cancelledFree: of("booking.cancelled", 3, "RELEASE"),
      cancelledLate: of("booking.cancelled", 3, "CHARGE"),
      refused: of("booking.payment_refused", 4, "RELEASE"),
      closedCharged: of("booking.closed", 5, "CHARGE"),
      closedReleased: of("booking.closed", 5, "RELEASE"),
      completed: consultation("consultation.completed"),
      completedWithLatePatient: consultation("consultation.completed", undefined, "PATIENT"),
      completedByLateDoctor: consultation("consultation.completed", undefined, "DOCTOR"),
      missedByPatient: of("booking.fee_decided", 5, "CHARGE"),
      missedByOthers: of("booking.fee_decided", 5, "RELEASE"),
      noShowOfPatient: consultation("consultation.no_show", "PATIENT"),
      noShowOfDoctor: consultation("consultation.no_show", "DOCTOR"),
      noShowOfBoth: consultation("consultation.no_show", "BOTH"),
      abandoned: consultation("consultation.abandoned"),
    };
  };

  return {
    deliver,
    booking,

    /** A payment that awaits its patient, with its booking's further events. */
    hold: async (patient: Caller) => {
      const held = booking(patient);
      await deliver(held.held);
      return held;
    },

    authorize: (paymentId: string, by: Caller, paymentMethod = "pm_card_visa", idempotencyKey = newId()) =>
      invoke(PaymentServiceService.authorizePayment, authorizing, by, {
        paymentId,
        paymentMethod,
        idempotencyKey,
      }),

    read: async (paymentId: string, by: Caller = userCaller("ADMIN")) =>
      (await invoke(PaymentServiceService.getPayment, bound(getPayment, app), by, { paymentId })).response,

    /** Carries out all that is due: first what may make refunds, then refunds. */
    process: async () => {
      await processPayments(app)();
      await processRefunds(app)();
    },

    /** Delivers a webhook, signed now unless a signature is given. */
    webhook: async (event: unknown, signature?: string, provider = "stub") => {
      const data = Buffer.from(JSON.stringify(event));
      const request = {
        provider,
        body: { contentType: "application/json", data, extensions: [] },
        signature: signature ?? signWebhook(WEBHOOK_SECRET, data, app.clock.now()),
      };
      const handler = bound(receiveWebhook, app);
      return (await invoke(WebhookServiceService.receiveWebhook, handler, { kind: "anonymous" }, request))
        .response;
    },

    /** The id of a payment's last attempt. */
    attemptOf: async (paymentId: string) => {
      const [row] = await app.db.read<{ attemptId: string }>(
        "SELECT attempt_id AS attemptId FROM payments WHERE id = ?",
        [binaryId(paymentId)],
      );
      return row!.attemptId;
    },
    captureExpiring: captureExpiring(app),

    refund: (paymentId: string, amountMinor: number, idempotencyKey = newId(), by: Caller = ADMIN) =>
      invoke(RefundServiceService.createRefund, bound(createRefund, app), by, {
        paymentId,
        amountMinor,
        reason: "as agreed",
        idempotencyKey,
      }),

    readRefund: async (paymentId: string, refundId: string, by: Caller = ADMIN) =>
      (await invoke(RefundServiceService.getRefund, bound(getRefund, app), by, { paymentId, refundId }))
        .response,

    listRefunds: async (paymentId: string, by: Caller = ADMIN, pageSize = 0, pageToken = "") => {
      const request = { paymentId, pageSize, pageToken };
      return (await invoke(RefundServiceService.listRefunds, bound(listRefunds, app), by, request)).response;
    },

    /** What the audit trail says of a payment's changes, oldest first; that admins read it is in there, too. */
    auditTrail: async (paymentId: string) => {
      const rows = await app.db.read<{ action: string; outcome: string; actorId: string }>(
        "SELECT action, outcome, actor_id AS actorId FROM audit_events WHERE resource = ? AND action <> ? ORDER BY occur_time, id",
        [`payments/${paymentId}`, "payment.get"],
      );
      return rows.map((row) => `${row.action} ${row.outcome} by ${row.actorId}`);
    },

    /** The events that wait to be told of a payment. */
    told: async (paymentId: string) => {
      const rows = await app.db.read<{ payload: Buffer }>(
        "SELECT payload FROM outbox WHERE aggregateid = ? ORDER BY id",
        [paymentId],
      );
      return rows.map(({ payload }) => Event.decode(payload));
    },

    /** What the provider has of a payment, attempt by attempt. */
    charges: async (paymentId: string) => {
      const rows = await app.db.read<{ status: string }>(
        `SELECT c.status FROM stub_charges c JOIN payment_attempts a ON a.id = c.attempt_id
         WHERE a.payment_id = ? ORDER BY a.id`,
        [binaryId(paymentId)],
      );
      return rows.map(({ status }) => status);
    },

    /** What the provider has given back of a payment, refund by refund. */
    givenBack: async (paymentId: string) => {
      const rows = await app.db.read<{ amountMinor: number }>(
        `SELECT r.amount_minor AS amountMinor FROM stub_refunds r JOIN payment_attempts a ON a.id = r.attempt_id
         WHERE a.payment_id = ? AND r.status = 'SUCCEEDED' ORDER BY r.refund_id`,
        [binaryId(paymentId)],
      );
      return rows.map((row) => row.amountMinor);
    },
  };
}

export type BillingTest = Awaited<ReturnType<typeof startBilling>>;
