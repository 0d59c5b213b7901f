import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Columns that store a fee. If the currency is null, there is no fee. */
export interface FeeColumns {
  feeCurrency: string | null;
  feeMinor: number;
}

export const feeOf = (row: FeeColumns): Money | undefined =>
  row.feeCurrency ? { currencyCode: row.feeCurrency, amountMinor: row.feeMinor } : undefined;

/** Converts a fee to its columns. An amount of 0 means free of charge, and is stored without a currency. */
export const feeColumns = (fee: Money | undefined): FeeColumns =>
  fee && fee.amountMinor > 0
    ? { feeCurrency: fee.currencyCode, feeMinor: fee.amountMinor }
    : { feeCurrency: null, feeMinor: 0 };
