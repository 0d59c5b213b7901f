import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { FeeDecision as AnyFeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import type { ChargeStatus } from "../providers/provider.ts";

/** Where a payment can go from each status. */
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

/** What becomes of the money of a booking that ended. */
export type FeeDecision = Exclude<AnyFeeDecision, "FEE_DECISION_UNSPECIFIED">;

/** Where a payment stands, and what was decided about its money: nothing, while the booking lives. */
export interface StatusAndDecision {
  status: Payment_Status;
  feeDecision: FeeDecision | null;
}

/** The facts that decide whether another attempt may start. */
export interface Authorizable extends StatusAndDecision {
  hold_expire_time: Date;
  next_action_url: string | null;
}

/** True if the current attempt waits for the payer, so that another one may replace it. */
export const waitsForPayer = ({ status, feeDecision, next_action_url }: Authorizable): boolean =>
  status === "PROCESSING" && feeDecision === null && next_action_url !== null;

/** Throws HOLD_EXPIRED, also for a payment that was cancelled when its hold ended, or ILLEGAL_TRANSITION. */
export function assertAuthorizable(payment: Authorizable, now: Date): void {
  const { status, hold_expire_time } = payment;
  const waits = waitsForPayer(payment);
  const isUnpaid = waits || status === "REQUIRES_AUTHORIZATION" || status === "CANCELLED";
  if (isUnpaid && hold_expire_time <= now) throw new ApiError("HOLD_EXPIRED");
  if (!waits && !canBecome(status, "PROCESSING")) throw notAuthorizable(status);
}

export const notAuthorizable = (status: Payment_Status): ApiError =>
  new ApiError("ILLEGAL_TRANSITION", {
    metadata: { current: status, requested: "AUTHORIZED", allowed: TRANSITIONS[status].join(",") },
  });

/**
 * What a decision makes of a payment: one that awaits authorization is cancelled, one that has money to move remembers
 * the decision until it is carried out, and beyond: what was given back may come back. RELEASE prevails over CHARGE, so that
 * the order of decisions does not matter.
 */
export function decide({ status, feeDecision }: StatusAndDecision, decision: FeeDecision): StatusAndDecision {
  const prevailing = feeDecision === "RELEASE" ? feeDecision : decision;
  if (status === "REQUIRES_AUTHORIZATION") return { status: "CANCELLED", feeDecision: prevailing };
  const isLetGo = status === "VOIDED" || status === "CANCELLED";
  return { status, feeDecision: isLetGo ? feeDecision : prevailing };
}

/** What the end of the hold makes of a payment: only one that awaits authorization is cancelled. */
export const expire = (status: Payment_Status): Payment_Status =>
  status === "REQUIRES_AUTHORIZATION" ? "CANCELLED" : status;

/**
 * One step from each status by what the provider says. Old news changes nothing, as there is no way back but from
 * PROCESSING.
 */
const LEARNED: Partial<Record<Payment_Status, Partial<Record<ChargeStatus, Payment_Status>>>> = {
  PROCESSING: {
    DECLINED: "REQUIRES_AUTHORIZATION",
    AUTHORIZED: "AUTHORIZED",
    CAPTURED: "AUTHORIZED",
    VOIDED: "VOIDED",
  },
  AUTHORIZED: { CAPTURED: "CAPTURED", VOIDED: "VOIDED" },
};

/** A payment's status after the provider was heard. `isGone`: nobody may try again, as hold or booking have ended. */
export function learn(status: Payment_Status, charge: ChargeStatus, isGone: boolean): Payment_Status {
  const next = LEARNED[status]?.[charge] ?? status;
  return isGone ? expire(next) : next;
}

/** A booking whose hold has ended may still be confirmed, where its slot is free: so long a patient may still confirm. */
const CONFIRM_LATE_MS = 3_600_000;

/** Whether an attempt that waits for its patient waits in vain: the booking is off, or they have gone away. */
export const isForsaken = (
  { feeDecision, hold_expire_time }: Pick<StatusAndDecision, "feeDecision"> & { hold_expire_time: Date },
  now: Date,
): boolean => feeDecision === "RELEASE" || hold_expire_time.getTime() + CONFIRM_LATE_MS <= now.getTime();

/** Whether what is authorized lapses by then with nothing decided: the booking is on, and its fee would be lost. */
export const isExpiring = (
  payment: StatusAndDecision & { authorization_expire_time: Date | null },
  by: Date,
): boolean =>
  payment.status === "AUTHORIZED" &&
  payment.feeDecision === null &&
  payment.authorization_expire_time !== null &&
  payment.authorization_expire_time <= by;

/**
 * Whether money was let go that had to be taken, or would have had to once the consultation ends: the provider lets go of
 * what is authorized unasked, while the booking is on, and no decision comes that could still take it.
 */
export function isFeeLost(before: StatusAndDecision, { status, feeDecision }: StatusAndDecision): boolean {
  const isLetGo = status === "VOIDED" || status === "CANCELLED";
  return isLetGo && (feeDecision === "CHARGE" || (feeDecision === null && before.status === "AUTHORIZED"));
}

/** A payment's money. */
export interface Funds {
  status: Payment_Status;
  amount_minor: number;
  /** What went back. */
  refunded_minor: number;
  /** What is on its way back: the sum of refunds that are PENDING. */
  refunding_minor: number;
}

/** What may still go back. What is on its way counts as gone, so that refunds at once never exceed the charge. */
export function refundableMinor({ status, amount_minor, refunded_minor, refunding_minor }: Funds): number {
  const isCaptured = status === "CAPTURED" || status === "PARTIALLY_REFUNDED";
  return isCaptured ? amount_minor - refunded_minor - refunding_minor : 0;
}

/** What is to be done next: at the provider, or, to REFUND, by making a refund of what is left. */
export type Step = "ASK" | "CAPTURE" | "VOID" | "REFUND";

/** What is left to do; undefined where a payment waits for somebody else or for its refunds, or is over. */
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
