import type { DailySeriesFigure, DailyStats } from "@medconnect/client";

export const DAY_S = 24 * 60 * 60;

/** One figure over time. */
export interface Line {
  label: string;
  /** A value for each day. */
  values: number[];
}

/** Lines that share a scale. */
export interface Plot {
  title: string;
  /** Formats a value of its lines. */
  format(value: number): string;
  lines: Line[];
}

type Series = DailyStats["series"][number];

/** Figures of a plot, which are drawn even if they are zero. */
const COUNTS: readonly { title: string; figures: Partial<Record<DailySeriesFigure, string>> }[] = [
  {
    title: "Bookings",
    figures: {
      BOOKINGS_CREATED: "Created",
      BOOKINGS_CONFIRMED: "Confirmed",
      BOOKINGS_CANCELLED: "Cancelled",
      BOOKINGS_EXPIRED: "Expired",
      BOOKINGS_NO_SHOW: "No-show",
    },
  },
  {
    title: "Care",
    figures: {
      CONSULTATIONS_COMPLETED: "Consultations completed",
      PRESCRIPTIONS_ISSUED: "Prescriptions issued",
    },
  },
];
const ROLES = { PATIENT: "Patients", DOCTOR: "Doctors", ADMIN: "Admins" };
const COUNT = new Intl.NumberFormat("en-GB");

/** The days of the figures (UTC), in seconds since 1970. */
export function daysOf({ startDate }: DailyStats, count: number): number[] {
  const start = Date.parse(`${startDate}T00:00:00Z`) / 1000;
  return Array.from({ length: count }, (_, day) => start + day * DAY_S);
}

/** The plots of the figures. */
export function plotsOf({ series }: DailyStats, days: number): Plot[] {
  const sumOf = (isPart: (each: Series) => boolean): number[] => {
    const values = Array<number>(days).fill(0);
    for (const part of series.filter(isPart))
      part.values.forEach((value, day) => {
        values[day] = (values[day] ?? 0) + Number(value);
      });
    return values;
  };
  const counts = COUNTS.map(({ title, figures }) => ({
    title,
    format: COUNT.format,
    lines: Object.entries(figures).map(([name, label]) => ({
      label,
      values: sumOf(({ figure }) => figure === name),
    })),
  }));
  const registrations = Object.entries(ROLES).map(([role, label]) => ({
    label,
    values: sumOf(({ figure, label: name }) => figure === "REGISTRATIONS" && name === role),
  }));
  return [
    ...counts,
    { title: "Registrations", format: COUNT.format, lines: registrations },
    ...currenciesIn(series).map((currency) => paymentsIn(currency, sumOf)),
  ];
}

const isAmount = ({ figure }: Series) => figure === "AMOUNT_CAPTURED" || figure === "AMOUNT_REFUNDED";

const currenciesIn = (series: readonly Series[]): string[] =>
  [...new Set(series.filter(isAmount).map(({ label }) => label))].sort();

function paymentsIn(currency: string, sumOf: (isPart: (each: Series) => boolean) => number[]): Plot {
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency });
  const minorUnits = 10 ** (format.resolvedOptions().maximumFractionDigits ?? 0);
  const amounts = (name: DailySeriesFigure) =>
    sumOf(({ figure, label }) => figure === name && label === currency).map((value) => value / minorUnits);
  return {
    title: `Payments in ${currency}`,
    format: format.format,
    lines: [
      { label: "Captured", values: amounts("AMOUNT_CAPTURED") },
      { label: "Refunded", values: amounts("AMOUNT_REFUNDED") },
    ],
  };
}

/** Sum of a line's values. */
export const totalOf = ({ values }: Line): number => values.reduce((sum, value) => sum + value, 0);
