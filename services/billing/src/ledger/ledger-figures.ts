import type { DailyCount } from "@medconnect/platform/stats/daily-counts.ts";
import type { Entry } from "./ledger-rules.ts";

/** Signed share of each kind of movement in its figure. A returned refund is subtracted. */
const FIGURES = {
  CAPTURE: { figure: "AMOUNT_CAPTURED", sign: 1 },
  REFUND: { figure: "AMOUNT_REFUNDED", sign: 1 },
  REFUND_REVERSAL: { figure: "AMOUNT_REFUNDED", sign: -1 },
} as const;

/** Counts of a movement in the figures by day: the amount that its debits sum up to. */
export const movementCounts = (entries: readonly Entry[], time: Date): DailyCount[] =>
  entries
    .filter(({ debitMinor }) => debitMinor > 0)
    .map(({ kind, currency, debitMinor }) => {
      const { figure, sign } = FIGURES[kind];
      return { figure, label: currency, amount: sign * debitMinor, time };
    });
