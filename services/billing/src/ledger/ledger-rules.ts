/** One line of a movement of money: what an account receives (debit) or gives (credit); the other one is 0. */
export interface Entry {
  /** What moved the money: a payment's id for its capture, a refund's id for a refund and for its reversal. */
  transaction_id: string;
  account: string;
  kind: "CAPTURE" | "REFUND" | "REFUND_REVERSAL";
  payment_id: string;
  currency: string;
  debit_minor: number;
  credit_minor: number;
}

/** What the ledger has to know of a payment. */
export interface Booked {
  id: string;
  doctor_id: string;
  provider: string;
  currency: string;
  amount_minor: number;
}

/** What the provider holds for us, until it pays out. */
export const clearingAccount = (provider: string): string => `provider_clearing:${provider}`;
/** What is due to a doctor. */
export const doctorAccount = (doctorId: string): string => `doctor:${doctorId}`;

/** A capture: the provider has the fee for us, and the doctor has earned it. */
export function captureEntries(payment: Booked): Entry[] {
  const line = { transaction_id: payment.id, kind: "CAPTURE" as const, ...commonOf(payment) };
  return [
    {
      ...line,
      account: clearingAccount(payment.provider),
      debit_minor: payment.amount_minor,
      credit_minor: 0,
    },
    {
      ...line,
      account: doctorAccount(payment.doctor_id),
      debit_minor: 0,
      credit_minor: payment.amount_minor,
    },
  ];
}

/** A refund: a capture's inverse, of a part or all of it. */
export function refundEntries(payment: Booked, refund: { id: string; amount_minor: number }): Entry[] {
  const line = { transaction_id: refund.id, kind: "REFUND" as const, ...commonOf(payment) };
  return [
    { ...line, account: doctorAccount(payment.doctor_id), debit_minor: refund.amount_minor, credit_minor: 0 },
    {
      ...line,
      account: clearingAccount(payment.provider),
      debit_minor: 0,
      credit_minor: refund.amount_minor,
    },
  ];
}

/** A refund that came back: its inverse. */
export const refundReversalEntries = (
  payment: Booked,
  refund: { id: string; amount_minor: number },
): Entry[] =>
  refundEntries(payment, refund).map((entry) => ({
    ...entry,
    kind: "REFUND_REVERSAL",
    debit_minor: entry.credit_minor,
    credit_minor: entry.debit_minor,
  }));

const commonOf = ({ id, currency }: Booked) => ({ payment_id: id, currency });
