import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { PaymentRow } from "./payment.ts";

const TABLE = "payments";

/** Immutable columns of a payment: patient (debtor), doctor (creditor), amount and appointment. */
export type Debt = Pick<
  PaymentRow,
  "id" | "bookingId" | "consultationId" | "patientId" | "doctorId" | "currency" | "amountMinor"
>;

const fieldsOf = (debt: Debt): Fields => [
  debt.id,
  debt.bookingId,
  debt.consultationId,
  debt.patientId,
  debt.doctorId,
  debt.currency,
  String(debt.amountMinor),
];

/** Adds the keyed hash that proves that billing wrote the debt. */
export const withProof = <Row extends Debt>(proofs: RowProofs, row: Row): Row & { proof: Buffer } => ({
  ...row,
  proof: proofs.of(TABLE, fieldsOf(row)),
});

/**
 * Throws RECORD_ALTERED if billing did not write the debt, and counts the refused row for the alert on forged
 * rows.
 */
export function assertGenuine(proofs: RowProofs, row: PaymentRow): void {
  if (!proofs.accepts(TABLE, row.proof, fieldsOf(row), `payments/${row.id}`))
    throw new ApiError("RECORD_ALTERED");
}
