import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** The two columns of an amount that may be free. */
export interface FeeColumns {
  feeCurrency: string | null;
  feeMinor: number;
}

export const feeOf = (row: FeeColumns): Money | undefined =>
  row.feeCurrency ? { currencyCode: row.feeCurrency, amountMinor: row.feeMinor } : undefined;

/** An amount of 0 is free, and free has no currency. */
export const feeColumns = (fee: Money | undefined): FeeColumns =>
  fee && fee.amountMinor > 0
    ? { feeCurrency: fee.currencyCode, feeMinor: fee.amountMinor }
    : { feeCurrency: null, feeMinor: 0 };
