import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Columns of a fee; without a currency it is free. */
export interface FeeColumns {
  feeCurrency: string | null;
  feeMinor: number;
}

export const feeOf = (row: FeeColumns): Money | undefined =>
  row.feeCurrency ? { currencyCode: row.feeCurrency, amountMinor: row.feeMinor } : undefined;

/** Columns of a fee. An amount of 0 is free and stored without a currency. */
export const feeColumns = (fee: Money | undefined): FeeColumns =>
  fee && fee.amountMinor > 0
    ? { feeCurrency: fee.currencyCode, feeMinor: fee.amountMinor }
    : { feeCurrency: null, feeMinor: 0 };
