import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { FeeDecision as AnyFeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import type { ChargeStatus } from "../providers/provider.ts";

/**
 * Status transitions of a payment. Not listed: if the patient's bank returns a refund, the payment goes back
 * to CAPTURED or PARTIALLY_REFUNDED (see refund-rules.ts).
 */
const TRANSITIONS: Record<Payment_Status, readonly Payment_Status[]> = {
  STATUS_UNSPECIFIED: [],
  REQUIRES_AUTHORIZATION: ["PROCESSING", "CANCELLED"],
  PROCESSING: ["AUTHORIZED", "REQUIRES_AUTHORIZATION", "VOIDED", "CANCELLED"],
  AUTHORIZED: ["CAPTURED", "VOIDED"],
  CAPTURED: ["PARTIALLY_REFUNDED", "REFUNDED"],
  PARTIALLY_REFUNDED: ["REFUNDED"],
  REFUNDED: [],
  VOIDED: [],
  CANCELLED: [],
};

export const canBecome = (current: Payment_Status, next: Payment_Status): boolean =>
  TRANSITIONS[current].includes(next);

export type FeeDecision = Exclude<AnyFeeDecision, "FEE_DECISION_UNSPECIFIED">;

export interface StatusAndDecision {
  status: Payment_Status;
  /** Null until the fee is decided: when the booking ends, or shortly before the authorization expires. */
  feeDecision: FeeDecision | null;
}

/** Facts that decide whether an attempt may start. */
export interface Authorizable extends StatusAndDecision {
  holdExpireTime: Date;
  nextActionUrl: string | null;
}

/** True if the current attempt waits for the payer, so that another one may replace it. */
export const waitsForPayer = ({ status, feeDecision, nextActionUrl }: Authorizable): boolean =>
  status === "PROCESSING" && feeDecision === null && nextActionUrl !== null;

/**
 * Throws HOLD_EXPIRED if the payment is unpaid and its hold has ended, even if the payment is CANCELLED
 * already. Throws ILLEGAL_TRANSITION if no attempt may start for another reason.
 */
export function assertAuthorizable(payment: Authorizable, now: Date): void {
  const { status, holdExpireTime } = payment;
  const waits = waitsForPayer(payment);
  const isUnpaid = waits || status === "REQUIRES_AUTHORIZATION" || status === "CANCELLED";
  if (isUnpaid && holdExpireTime <= now) throw new ApiError("HOLD_EXPIRED");
  if (!waits && !canBecome(status, "PROCESSING")) throw notAuthorizable(status);
}

export const notAuthorizable = (status: Payment_Status): ApiError =>
  new ApiError("ILLEGAL_TRANSITION", {
    metadata: { current: status, requested: "AUTHORIZED", allowed: TRANSITIONS[status].join(",") },
  });

const isReleased = (status: Payment_Status): boolean => status === "VOIDED" || status === "CANCELLED";

/**
 * Status and fee decision of a payment after a further decision. The decision stays stored after it is
 * carried out, because a refund may come back from the patient's bank. RELEASE prevails over CHARGE, so the
 * order of decisions does not matter.
 */
export function decide({ status, feeDecision }: StatusAndDecision, decision: FeeDecision): StatusAndDecision {
  const prevailing = feeDecision === "RELEASE" ? feeDecision : decision;
  if (status === "REQUIRES_AUTHORIZATION") return { status: "CANCELLED", feeDecision: prevailing };
  return { status, feeDecision: isReleased(status) ? feeDecision : prevailing };
}

/**
 * Status after the end of the booking's hold. A running attempt may still succeed, so its payment keeps its
 * status.
 */
export const expire = (status: Payment_Status): Payment_Status =>
  status === "REQUIRES_AUTHORIZATION" ? "CANCELLED" : status;

/**
 * Next status of a payment, by the payment's status and then its charge's status. If the charge is captured
 * while the payment is PROCESSING, the payment becomes AUTHORIZED first.
 */
const BY_CHARGE: Partial<Record<Payment_Status, Partial<Record<ChargeStatus, Payment_Status>>>> = {
  PROCESSING: {
    DECLINED: "REQUIRES_AUTHORIZATION",
    AUTHORIZED: "AUTHORIZED",
    CAPTURED: "AUTHORIZED",
    VOIDED: "VOIDED",
  },
  AUTHORIZED: { CAPTURED: "CAPTURED", VOIDED: "VOIDED" },
};

/**
 * Status of a payment after an answer of the provider. An outdated answer changes nothing.
 *
 * @param isOver true if the hold has ended or the fee is decided, so that the patient cannot try again
 */
export function statusAfterCharge(
  status: Payment_Status,
  charge: ChargeStatus,
  isOver: boolean,
): Payment_Status {
  const next = BY_CHARGE[status]?.[charge] ?? status;
  return isOver ? expire(next) : next;
}

/** Time after the end of the hold in which a payer's confirmation still books the slot, if it is free. */
const CONFIRM_LATE_MS = 3_600_000;

/** True if a pending attempt is to be voided, because the fee is released or the payer is too late. */
export const shouldVoid = (
  { feeDecision, holdExpireTime }: Pick<Authorizable, "feeDecision" | "holdExpireTime">,
  now: Date,
): boolean => feeDecision === "RELEASE" || holdExpireTime.getTime() + CONFIRM_LATE_MS <= now.getTime();

/**
 * True if the authorization expires at the time `by` or earlier, and the fee is not decided yet. Without a
 * capture, the fee would be lost.
 */
export const isExpiring = (
  payment: StatusAndDecision & { authorizationExpireTime: Date | null },
  by: Date,
): boolean =>
  payment.status === "AUTHORIZED" &&
  payment.feeDecision === null &&
  payment.authorizationExpireTime !== null &&
  payment.authorizationExpireTime <= by;

/**
 * True if the fee can no longer be charged. Either the payment is VOIDED or CANCELLED although the fee
 * decision is CHARGE. Or the provider voided the authorization before the fee was decided.
 */
export const isFeeLost = (before: StatusAndDecision, { status, feeDecision }: StatusAndDecision): boolean =>
  isReleased(status) &&
  (feeDecision === "CHARGE" || (feeDecision === null && before.status === "AUTHORIZED"));

export interface Funds {
  status: Payment_Status;
  amountMinor: number;
  refundedMinor: number;
  /** Sum of the PENDING refunds. */
  refundingMinor: number;
}

/**
 * Amount that further refunds may return. Pending refunds are subtracted, so that concurrent refunds together
 * never exceed the captured amount.
 */
export function refundableMinor({ status, amountMinor, refundedMinor, refundingMinor }: Funds): number {
  const isCaptured = status === "CAPTURED" || status === "PARTIALLY_REFUNDED";
  return isCaptured ? amountMinor - refundedMinor - refundingMinor : 0;
}

/**
 * Next step of payment processing. REFUND opens a refund of the amount that is not refunded yet. All other
 * steps call the provider.
 */
export type Step = "ASK" | "CAPTURE" | "VOID" | "REFUND";

/**
 * Next step of a payment; undefined if the payment has ended, or waits for the patient, a fee decision or
 * refunds.
 */
export function nextStep(payment: StatusAndDecision & Funds): Step | undefined {
  const { status, feeDecision } = payment;
  switch (status) {
    case "PROCESSING":
      return "ASK";
    case "AUTHORIZED":
      if (feeDecision === "CHARGE") return "CAPTURE";
      return feeDecision === "RELEASE" ? "VOID" : undefined;
    case "CAPTURED":
    case "PARTIALLY_REFUNDED":
      return feeDecision === "RELEASE" && refundableMinor(payment) > 0 ? "REFUND" : undefined;
    default:
      return undefined;
  }
}
