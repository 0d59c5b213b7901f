import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Funds, refundableMinor } from "../payments/payment-rules.ts";
import type { RefundOutcome } from "../providers/provider.ts";

/** A payment with a refund under way. Throws REFUND_EXCEEDS_CAPTURED. */
export function beginRefund<F extends Funds>(funds: F, amountMinor: number): F {
  const refundable = refundableMinor(funds);
  if (amountMinor > refundable) {
    throw new ApiError("REFUND_EXCEEDS_CAPTURED", { metadata: { refundableMinor: `${refundable}` } });
  }
  return { ...funds, refunding_minor: funds.refunding_minor + amountMinor };
}

/** A payment after one of its refunds, which had succeeded, came back from the patient's bank. */
export function reverseRefund<F extends Funds>(funds: F, amountMinor: number): F {
  const refunded_minor = funds.refunded_minor - amountMinor;
  return { ...funds, status: refunded_minor === 0 ? "CAPTURED" : "PARTIALLY_REFUNDED", refunded_minor };
}

const HOUR_MS = 3_600_000;
const TRY_AGAIN_MS = [HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS];

/**
 * How long what still has to go back waits before it is tried again, as another refund.
 *
 * @param failures how many refunds of the payment have failed, 1 or more
 * @returns null: the provider has refused too often, and people have to find another way
 */
export const retryDelayMs = (failures: number): number | null => TRY_AGAIN_MS[failures - 1] ?? null;

/** A payment after one of its refunds under way has ended. What failed may be tried again, as another refund. */
export function endRefund<F extends Funds>(
  funds: F,
  amountMinor: number,
  outcome: Exclude<RefundOutcome["status"], "PENDING">,
): F {
  const refunding_minor = funds.refunding_minor - amountMinor;
  if (outcome === "FAILED") return { ...funds, refunding_minor };
  const refunded_minor = funds.refunded_minor + amountMinor;
  const status = refunded_minor === funds.amount_minor ? "REFUNDED" : "PARTIALLY_REFUNDED";
  return { ...funds, status, refunded_minor, refunding_minor };
}
