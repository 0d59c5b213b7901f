import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
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
import { finishAttempt, newAttempt, sendAttempt } from "./payment-attempt.ts";
import { assertAuthorizable, notAuthorizable, waitsForPayer } from "./payment-rules.ts";
import { findPayment, lockPayments, type PaymentRow, savePayment } from "./payment-store.ts";

/**
 * PaymentService.AuthorizePayment, in three steps: the attempt is committed together with its idempotency key; the
 * provider is called, outside of any transaction; the outcome is committed. Whatever is cut short, the settler ends.
 * Replaces an attempt that waits for the payer: the provider cancels it before it gets the new one.
 * Throws NOT_FOUND, HOLD_EXPIRED, ILLEGAL_TRANSITION, PAYMENT_DECLINED.
 */
export async function authorizePayment(
  app: Billing,
  { paymentId, paymentMethod }: AuthorizePaymentRequest,
  call: Call,
): Promise<Payment> {
  const payment = await findPayment(app.db, paymentId);
  if (!payment) throw new ApiError("NOT_FOUND");
  if (payment.patient_id !== userOf(call).userId)
    throw hiddenFrom(`payments/${payment.id}`, payment.patient_id);
  const provider = app.providers.current;
  const attempt = newAttempt(app, paymentId, paymentMethod, app.calls.keyIdOf(call));
  const started = await beginAttempt(app)(attempt, call);
  if ("answer" in started) return started.answer;
  const answer = await carryOut(app, provider, started.begun, attempt, call);
  if (answer instanceof ApiError) throw answer;
  return answer;
}

/** A payment before and after an attempt has begun. */
interface Beginning {
  before: PaymentRow;
  begun: PaymentRow;
  attempt: AttemptRow;
}

/** Puts attempts under way; the settler takes up those that their requests have not ended within their lease. */
const beginAttempt = perApp((app: Billing) =>
  app.calls.groupedBegin<AttemptRow, PaymentRow, Beginning, PaymentRow, Payment>({
    rowsOf: ({ request: attempt }) => [attempt.payment_id],
    lock: async (tx, asked) => {
      const ids = asked.map(({ request: attempt }) => attempt.payment_id);
      const rows = await lockPayments(tx, ids);
      return ids.map((id) => rows.get(id));
    },
    decide: (before, { request: attempt }, now) => ({
      before: before!,
      begun: begunPayment(app, before!, attempt, now),
      attempt,
    }),
    write: (tx, beginnings, now) => {
      insertAttempts(
        tx,
        beginnings.map(({ attempt }) => attempt),
        now,
      );
      return beginnings.map(({ before, begun }) => {
        savePayment(tx, begun);
        return { response: begun, entries: entriesOfBegin(before, begun) };
      });
    },
  }),
);

/** The payment with the attempt under way. Throws RECORD_ALTERED, HOLD_EXPIRED, ILLEGAL_TRANSITION. */
function begunPayment(app: Billing, row: PaymentRow, attempt: AttemptRow, now: Date): PaymentRow {
  assertGenuine(app.proofs, row);
  assertAuthorizable(row, now);
  const provider = app.providers.current;
  // Another provider could not cancel the attempt.
  const replaces = waitsForPayer(row);
  if (replaces && row.provider !== provider.name) throw notAuthorizable(row.status);
  return {
    ...row,
    status: "PROCESSING",
    attempt_id: attempt.id,
    replaced_attempt_id: replaces ? row.attempt_id : null,
    provider: provider.name,
    provider_reference: replaces ? row.provider_reference : null,
    next_action_url: null,
    last_error: null,
    version: row.version + 1,
    process_time: new Date(now.getTime() + app.attemptLeaseMs),
    process_tries: 0,
    due_since: now,
  };
}

const entriesOfBegin = (before: PaymentRow, begun: PaymentRow): AuditEntry[] =>
  begun.replaced_attempt_id === null
    ? entriesOf(before, begun)
    : [entryOf(begun, { action: "payment.replace_attempt" })];

/** Runs the started attempt at the provider. Without its answer, returns the payment's current state. */
async function carryOut(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
  call: Call,
): Promise<Payment | ApiError> {
  const by = { actorId: actorOf(call), call };
  let charge: Charge | undefined;
  try {
    const givenUp = await cancelReplaced(app, provider, payment, attempt, by);
    if (givenUp) return givenUp;
    charge = await sendAttempt(app, provider, payment, attempt);
  } catch (error) {
    app.log.warn({ err: error, paymentId: payment.id, attemptId: attempt.id }, "provider does not answer");
  }
  return await finishAttempt(app, attempt, charge, by);
}
