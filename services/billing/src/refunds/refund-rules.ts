import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Funds, refundableMinor } from "../payments/payment-rules.ts";
import type { RefundStatus } from "../providers/provider.ts";

/** Returns the payment with one more pending refund. Throws REFUND_EXCEEDS_CAPTURED. */
export function beginRefund<F extends Funds>(funds: F, amountMinor: number): F {
  const refundable = refundableMinor(funds);
  if (amountMinor > refundable) {
    throw new ApiError("REFUND_EXCEEDS_CAPTURED", { metadata: { refundableMinor: `${refundable}` } });
  }
  return { ...funds, refundingMinor: funds.refundingMinor + amountMinor };
}

/** Returns the payment after a pending refund has ended. */
export function endRefund<F extends Funds>(
  funds: F,
  amountMinor: number,
  outcome: Exclude<RefundStatus, "PENDING">,
): F {
  const refundingMinor = funds.refundingMinor - amountMinor;
  if (outcome === "FAILED") return { ...funds, refundingMinor };
  const refundedMinor = funds.refundedMinor + amountMinor;
  const status = refundedMinor === funds.amountMinor ? "REFUNDED" : "PARTIALLY_REFUNDED";
  return { ...funds, status, refundedMinor, refundingMinor };
}

/** Returns the payment after the patient's bank has returned a successful refund. */
export function reverseRefund<F extends Funds>(funds: F, amountMinor: number): F {
  const refundedMinor = funds.refundedMinor - amountMinor;
  return { ...funds, status: refundedMinor === 0 ? "CAPTURED" : "PARTIALLY_REFUNDED", refundedMinor };
}

const HOUR_MS = 3_600_000;
const RETRY_DELAYS_MS = [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS];

/**
 * Delay in ms until the next refund of a payment whose fee decision is RELEASE.
 *
 * @param failures number of the payment's failed refunds, 1 or more
 * @returns null after the last retry: an admin has to find another way to return the money
 */
export const retryDelayMs = (failures: number): number | null => RETRY_DELAYS_MS[failures - 1] ?? null;
