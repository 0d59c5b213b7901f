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
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Billing, EVENT_ROUTES } from "../app.ts";
import { consumersOf } from "../consumers.ts";
import { authorizePayment } from "../payments/authorize-payment.ts";
import { captureExpiring } from "../payments/capture-expiring.ts";
import { getPayment } from "../payments/read-payments.ts";
import { processPayments } from "../processing/process-payments.ts";
import { processRefunds } from "../processing/process-refunds.ts";
import type { Provider } from "../providers/provider.ts";
import { Providers } from "../providers/providers.ts";
import { StubProvider } from "../providers/stub-provider.ts";
import { signWebhook } from "../providers/stub-webhooks.ts";
import { createRefund } from "../refunds/create-refund.ts";
import { getRefund, listRefunds } from "../refunds/read-refunds.ts";
import { receiveWebhook } from "../webhooks/receive-webhook.ts";
import { bookingEvents } from "./booking-events.ts";
import { InterruptibleProvider } from "./interruptible-provider.ts";

export const LEASE_MS = 10_000;
export const PENDING_DELAY_MS = 2000;
export const AUTHORIZATION_MS = 7 * 24 * 3_600_000;
export const CAPTURE_BEFORE_EXPIRY_MS = 24 * 3_600_000;
export const WEBHOOK_SECRET = "the stub's webhook secret";

const ADMIN = userCaller("ADMIN");

type SentEvent = Parameters<typeof Event.fromPartial>[0] & { type: string };

/**
 * Starts billing on its own database schema, by default with the stub. Jobs run only when a test calls them.
 */
export async function startBilling(inner?: Provider) {
  const service = await startTestService("billing", EVENT_ROUTES);
  const { db, clock, businessClock } = service;
  const provider = new InterruptibleProvider(
    inner ??
      new StubProvider({
        db,
        clock,
        businessClock,
        pendingDelayMs: PENDING_DELAY_MS,
        authorizationMs: AUTHORIZATION_MS,
        log: service.log,
        webhookSecret: WEBHOOK_SECRET,
        actionUrl: "https://stub.test/confirm",
      }),
  );
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
  const inbox = new Inbox(app.transactions, consumersOf(app), app, app.log);
  /** Delivers events of one sender in one batch. @returns reasons of the failures */
  const deliver = async (...sent: SentEvent[]): Promise<string[]> => {
    const isClinical = sent.some(({ type }) => type.startsWith("consultation."));
    const name = isClinical ? "clinical" : "scheduling";
    const events = sent.map((event) =>
      Event.fromPartial({ id: newId(), occurTime: app.clock.now(), ...event }),
    );
    const sender: Caller = { kind: "service", name };
    const { response } = await invoke(EventServiceService.deliverEvents, inbox.deliverEvents, sender, {
      events,
    });
    return response.failures.map(({ reason }) => reason);
  };

  const booking = (patient: Caller, paymentId = newId()) =>
    bookingEvents(callerId(patient), paymentId, app.businessClock.now());

  /**
   * Creates a payment by delivering the event booking.held.
   *
   * @returns the booking's ids and further events, which the test can deliver later
   */
  const hold = async (patient: Caller) => {
    const held = booking(patient);
    await deliver(held.held);
    return held;
  };

  const authorize = (
    paymentId: string,
    by: Caller,
    paymentMethod = "pm_card_visa",
    idempotencyKey = newId(),
  ) =>
    invoke(PaymentServiceService.authorizePayment, bound(authorizePayment, app), by, {
      paymentId,
      paymentMethod,
      idempotencyKey,
    });

  /** Runs the processing jobs: payments first, because processing a payment may open a refund. */
  const process = async () => {
    await processPayments(app)();
    await processRefunds(app)();
  };

  /** Creates a payment, and authorizes it. */
  const authorized = async (patient: Caller, paymentMethod?: string) => {
    const held = await hold(patient);
    await authorize(held.paymentId, patient, paymentMethod);
    return held;
  };

  return {
    deliver,
    hold,
    authorize,
    process,
    authorized,

    /** Creates, authorizes and captures a payment of 5000 cents. */
    captured: async (patient: Caller, paymentMethod?: string) => {
      const held = await authorized(patient, paymentMethod);
      await deliver(held.completed);
      await process();
      return held;
    },

    booking,

    read: async (paymentId: string, by: Caller = userCaller("ADMIN")) =>
      (await invoke(PaymentServiceService.getPayment, bound(getPayment, app), by, { paymentId })).response,

    /** Delivers a webhook. @param signature default: a valid one */
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

    /** Id of a payment's latest authorization attempt. */
    attemptOf: async (paymentId: string) => {
      const [row] = await app.db.read<{ attemptId: string }>(
        "SELECT attempt_id AS attemptId FROM payments WHERE id = ?",
        [binaryId(paymentId)],
      );
      if (!row) throw new Error("the payment has no attempt");
      return row.attemptId;
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

    /** Audited changes of a payment, oldest first, without reads. */
    auditTrail: async (paymentId: string) => {
      const rows = await app.db.read<{ action: string; outcome: string; actorId: string }>(
        `SELECT action, outcome, actor_id AS actorId FROM audit_events
         WHERE resource = ? AND action <> ? ORDER BY occur_time, id`,
        [`payments/${paymentId}`, "payment.get"],
      );
      return rows.map((row) => `${row.action} ${row.outcome} by ${row.actorId}`);
    },

    /** Events about a payment in the outbox. */
    events: async (paymentId: string) => {
      const rows = await app.db.read<{ payload: Buffer }>(
        "SELECT payload FROM outbox WHERE aggregateid = ? ORDER BY id",
        [paymentId],
      );
      return rows.map(({ payload }) => Event.decode(payload));
    },

    /** Statuses of a payment's charges at the stub, by attempt. */
    chargeStatuses: async (paymentId: string) => {
      const rows = await app.db.read<{ status: string }>(
        `SELECT c.status FROM stub_charges c JOIN payment_attempts a ON a.id = c.attempt_id
         WHERE a.payment_id = ? ORDER BY a.id`,
        [binaryId(paymentId)],
      );
      return rows.map(({ status }) => status);
    },

    /** Amounts of a payment's successful refunds at the stub. */
    refundedAmounts: async (paymentId: string) => {
      const rows = await app.db.read<{ amountMinor: number }>(
        `SELECT r.amount_minor AS amountMinor FROM stub_refunds r
         JOIN payment_attempts a ON a.id = r.attempt_id
         WHERE a.payment_id = ? AND r.status = 'SUCCEEDED' ORDER BY r.refund_id`,
        [binaryId(paymentId)],
      );
      return rows.map((row) => row.amountMinor);
    },
  };
}

export type BillingTest = Awaited<ReturnType<typeof startBilling>>;
