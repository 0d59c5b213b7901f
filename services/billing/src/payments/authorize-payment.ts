import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed } from "@medconnect/platform/changes/effect.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { actorOf, type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { perApp } from "@medconnect/platform/memory/per-app.ts";
import type {
  AuthorizePaymentRequest,
  Payment,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, Provider } from "../providers/provider.ts";
import { type AttemptRow, insertAttempts } from "./attempt-store.ts";
import { cancelReplaced } from "./cancel-replaced.ts";
import { entriesOf, entryOf } from "./change-payment.ts";
import { assertGenuine } from "./debt-proof.ts";
import type { PaymentRow } from "./payment.ts";
import { finishAttempt, newAttempt, sendAttempt } from "./payment-attempt.ts";
import { assertAuthorizable, notAuthorizable, waitsForPayer } from "./payment-rules.ts";
import { findPayment, lockPayments, savePayment } from "./payment-store.ts";

/**
 * PaymentService.AuthorizePayment, in three steps: one transaction commits the attempt with its idempotency
 * key, the provider is called outside of any transaction, and another transaction commits the outcome. The
 * processing job finishes interrupted attempts. A new attempt replaces an attempt that waits for its payer:
 * the provider cancels the earlier attempt before it gets the new one.
 * Throws NOT_FOUND, HOLD_EXPIRED, ILLEGAL_TRANSITION, PAYMENT_DECLINED, and UNAVAILABLE after a restore.
 */
export async function authorizePayment(
  app: Billing,
  { paymentId, paymentMethod }: AuthorizePaymentRequest,
  call: Call,
): Promise<Payment> {
  app.outbound.assertOpen();
  const payment = await findPayment(app.db, paymentId);
  if (!payment) throw new ApiError("NOT_FOUND");
  if (payment.patientId !== userOf(call).userId)
    throw hiddenFrom(`payments/${payment.id}`, payment.patientId);
  const provider = app.providers.current;
  const attempt = newAttempt(app, paymentId, paymentMethod, app.calls.keyIdOf(call));
  const result = await startAttempt(app)(attempt, call);
  if ("answer" in result) return result.answer;
  const answer = await runAttempt(app, provider, result.started, attempt, call);
  if (answer instanceof ApiError) throw answer;
  return answer;
}

interface StartedAttempt {
  before: PaymentRow;
  after: PaymentRow;
  attempt: AttemptRow;
}

/** Commits new attempts, each with a lease for its request. Concurrent requests share transactions. */
const startAttempt = perApp((app: Billing) =>
  app.calls.groupedBegin<AttemptRow, PaymentRow, StartedAttempt, PaymentRow, Payment>({
    rowsOf: ({ request: attempt }) => [attempt.paymentId],
    lock: async (tx, asked) => {
      const ids = asked.map(({ request: attempt }) => attempt.paymentId);
      const rows = await lockPayments(tx, ids);
      return ids.map((id) => rows.get(id));
    },
    decide: (before, { request: attempt }, now) => {
      if (!before) throw new ApiError("NOT_FOUND");
      return { before, after: withAttempt(app, before, attempt, now), attempt };
    },
    write: (tx, started, now) => {
      insertAttempts(
        tx,
        started.map(({ attempt }) => attempt),
        now,
      );
      return started.map(({ before, after }) => {
        savePayment(tx, after);
        return changed(after, ...startEntries(before, after));
      });
    },
  }),
);

/** Returns the payment with the started attempt. Throws RECORD_ALTERED, HOLD_EXPIRED, ILLEGAL_TRANSITION. */
function withAttempt(app: Billing, row: PaymentRow, attempt: AttemptRow, now: Date): PaymentRow {
  assertGenuine(app.proofs, row);
  assertAuthorizable(row, now);
  const provider = app.providers.current;
  const replaces = waitsForPayer(row);
  // The earlier attempt must be cancelled, and only its own provider can do that. So the new attempt must use
  // the same provider.
  if (replaces && row.provider !== provider.name) throw notAuthorizable(row.status);
  return {
    ...row,
    status: "PROCESSING",
    attemptId: attempt.id,
    replacedAttemptId: replaces ? row.attemptId : null,
    provider: provider.name,
    providerReference: replaces ? row.providerReference : null,
    nextActionUrl: null,
    lastError: null,
    version: row.version + 1,
    processTime: new Date(now.getTime() + app.attemptLeaseMs),
    processTries: 0,
    dueSince: now,
  };
}

const startEntries = (before: PaymentRow, after: PaymentRow): AuditEntry[] =>
  after.replacedAttemptId === null
    ? entriesOf(before, after)
    : [entryOf(after, { action: "payment.replace_attempt" })];

/**
 * Asks the provider to authorize an attempt that is already saved. If the provider does not answer, returns
 * the payment's current state.
 */
async function runAttempt(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
  call: Call,
): Promise<Payment | ApiError> {
  const by = { actorId: actorOf(call), call };
  let charge: Charge | undefined;
  try {
    const dropped = await cancelReplaced(app, provider, payment, attempt, by);
    if (dropped) return dropped;
    charge = await sendAttempt(app, provider, payment, attempt);
  } catch (error) {
    app.log.warn({ err: error, paymentId: payment.id, attemptId: attempt.id }, "provider does not answer");
  }
  return await finishAttempt(app, attempt, charge, by);
}
