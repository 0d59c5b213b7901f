import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** The two columns of an amount that may be free. */
export interface FeeColumns {
  fee_currency: string | null;
  fee_minor: number;
}

export const feeOf = (row: FeeColumns): Money | undefined =>
  row.fee_currency ? { currencyCode: row.fee_currency, amountMinor: row.fee_minor } : undefined;

/** An amount of 0 is free, and free has no currency. */
export const feeColumns = (fee: Money | undefined): FeeColumns =>
  fee && fee.amountMinor > 0
    ? { fee_currency: fee.currencyCode, fee_minor: fee.amountMinor }
    : { fee_currency: null, fee_minor: 0 };
