import { escaped } from "./terminal.ts";

export type Fields = Record<string, unknown>;

/** The fields of an answer as texts of one line. Fields of messages in it have dots in their names. */
export function cellsOf(fields: Fields, prefix = ""): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      isMessage(value) && moneyOf(value) === undefined
        ? Object.entries(cellsOf(value, `${prefix}${name}.`))
        : [[escaped(prefix + name), textOf(value)] as const],
    ),
  );
}

/** True for a list of messages other than money, which has columns of its own. */
export const isTable = (value: unknown): value is Fields[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => isMessage(item) && moneyOf(item) === undefined);

const isMessage = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Escaped before the width is measured.
const textOf = (value: unknown): string => escaped(plainTextOf(value).replaceAll(/\s+/g, " "));

function plainTextOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && !isTable(value)) return value.map(plainTextOf).join(", ");
  return (isMessage(value) ? moneyOf(value) : undefined) ?? JSON.stringify(value);
}

/** Money as "50.00 USD"; undefined for another message. */
function moneyOf({ amountMinor, currencyCode: currency }: Fields): string | undefined {
  if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency)) return undefined;
  if (typeof amountMinor !== "string" || !/^\d{1,19}$/.test(amountMinor)) return undefined;
  const { maximumFractionDigits: digits = 0 } = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
  }).resolvedOptions();
  const padded = amountMinor.padStart(digits + 1, "0");
  const [units, minor] = [padded.slice(0, padded.length - digits), padded.slice(padded.length - digits)];
  return `${units}${digits > 0 ? `.${minor}` : ""} ${currency}`;
}
