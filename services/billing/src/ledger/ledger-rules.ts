/** A line of a double-entry transaction. Either debit or credit is 0. */
export interface Entry {
  /** The payment's id for a capture; the refund's id for a refund and its reversal. */
  transactionId: string;
  account: string;
  kind: "CAPTURE" | "REFUND" | "REFUND_REVERSAL";
  paymentId: string;
  currency: string;
  debitMinor: number;
  creditMinor: number;
}

export interface LedgerPayment {
  id: string;
  doctorId: string;
  provider: string;
  currency: string;
  amountMinor: number;
}

export interface LedgerRefund {
  id: string;
  amountMinor: number;
}

/** Account of the money that the provider holds until its payout. */
export const clearingAccount = (provider: string): string => `provider_clearing:${provider}`;
/** Account of the doctor's earnings. */
export const doctorAccount = (doctorId: string): string => `doctor:${doctorId}`;

/** A capture: debits the provider's account, and credits the doctor's. */
export function captureEntries(payment: LedgerPayment): Entry[] {
  const { id, doctorId, provider, currency, amountMinor } = payment;
  const line = { transactionId: id, kind: "CAPTURE" as const, paymentId: id, currency };
  return [
    { ...line, account: clearingAccount(provider), debitMinor: amountMinor, creditMinor: 0 },
    { ...line, account: doctorAccount(doctorId), debitMinor: 0, creditMinor: amountMinor },
  ];
}

/**
 * Entries of a refund: like the entries of a capture of the refunded amount, with debit and credit exchanged.
 */
export const refundEntries = (payment: LedgerPayment, { id, amountMinor }: LedgerRefund): Entry[] =>
  captureEntries({ ...payment, amountMinor }).map((entry) =>
    inverse({ ...entry, transactionId: id, kind: "REFUND" }),
  );

/**
 * Entries after the patient's bank returned a refund: the refund's entries with debit and credit exchanged.
 */
export const refundReversalEntries = (payment: LedgerPayment, refund: LedgerRefund): Entry[] =>
  refundEntries(payment, refund).map((entry) => inverse({ ...entry, kind: "REFUND_REVERSAL" }));

const inverse = (entry: Entry): Entry => ({
  ...entry,
  debitMinor: entry.creditMinor,
  creditMinor: entry.debitMinor,
});
