import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { PaymentRow } from "./payment-store.ts";

const TABLE = "payments";

/** Columns that say who owes how much for what. They never change. */
export type Debt = Pick<
  PaymentRow,
  "id" | "booking_id" | "consultation_id" | "patient_id" | "doctor_id" | "currency" | "amount_minor"
>;

const fieldsOf = (debt: Debt): Fields => [
  debt.id,
  debt.booking_id,
  debt.consultation_id,
  debt.patient_id,
  debt.doctor_id,
  debt.currency,
  String(debt.amount_minor),
];

/** The payment with the proof that scheduling told billing of the debt. */
export const withProof = <Row extends Debt>(proofs: RowProofs, row: Row): Row & { proof: Buffer } => ({
  ...row,
  proof: proofs.of(TABLE, fieldsOf(row)),
});

/** Throws RECORD_ALTERED unless billing wrote the debt, and logs and counts it for the alert. */
export function assertGenuine(proofs: RowProofs, row: PaymentRow): void {
  if (!proofs.accepts(TABLE, row.proof, fieldsOf(row), `payments/${row.id}`))
    throw new ApiError("RECORD_ALTERED");
}
