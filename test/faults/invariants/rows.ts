import { binaryId } from "@medconnect/platform/db/binary-id.ts";

/** A row of a table. Ids are written as short names. Other columns get the default value of their type. */
export type Row = readonly [table: string, columns: Record<string, string | number | Date | null>];

const NAMED = "0190a0a0-0000-7000-8000-";
/** Makes a UUID that contains a short name. */
const idOf = (name: string): string => NAMED + Buffer.from(name).toString("hex").padStart(12, "0");

/** Converts the values of a row into the form in which the table stores them. */
export const storedColumns = ([table, columns]: Row): object =>
  Object.fromEntries(
    Object.entries(columns).map(([name, value]) => {
      const isId = /^id$|_id$/.test(name) && typeof value === "string" && !table.endsWith(".outbox");
      return [name, isId ? binaryId(idOf(value)) : value];
    }),
  );

/** Replaces ids in the values of a query by their short names. */
export const namedColumns = (columns: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(columns).map(([name, value]) => [
      name,
      typeof value === "string" && value.startsWith(NAMED) ? nameOf(value) : value,
    ]),
  );

const nameOf = (id: string): string =>
  Buffer.from(id.slice(NAMED.length), "hex").toString().replaceAll("\0", "");

export const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
export const inMs = (ms: number) => new Date(Date.now() + ms);
export const [PAST, AHEAD] = [inMs(-3 * DAY_MS), inMs(DAY_MS)];
const later = (time: Date) => new Date(time.getTime() + 30 * MINUTE_MS);

type Columns = Row[1];

export const booking = (columns: Columns = {}): Row => {
  const base = {
    id: "b",
    slot_id: "s",
    doctor_id: "d",
    patient_id: "p",
    consultation_id: "c",
    status: "CONFIRMED",
  };
  return ["scheduling.bookings", { ...base, start_time: AHEAD, end_time: later(AHEAD), ...columns }];
};
/** Makes rows of bookings, numbered from 0. Each booking has its own slot and ids. */
export const bookings = (count: number, columns: (i: number) => Columns): Row[] =>
  Array.from({ length: count }, (_, i) => booking({ id: `b${i}`, slot_id: `s${i}`, ...columns(i) }));
export const consultation = (columns: Columns = {}): Row => {
  const base = {
    id: "c",
    booking_id: "b",
    doctor_id: "d",
    patient_id: "p",
    status: "SCHEDULED",
    transitioned_by: "DOCTOR",
  };
  return ["clinical.consultations", { ...base, start_time: AHEAD, end_time: later(AHEAD), ...columns }];
};
export const slot = (columns: Columns): Row => [
  "scheduling.slots",
  { id: "s", doctor_id: "d", start_time: AHEAD, ...columns },
];
export const doctor = (columns: Columns): Row => [
  "scheduling.doctors",
  { id: "d", languages: "[]", ...columns },
];
export const payment = (columns: Columns = {}): Row => [
  "billing.payments",
  {
    id: "y",
    booking_id: "b",
    doctor_id: "d",
    status: "AUTHORIZED",
    currency: "USD",
    amount_minor: 5,
    ...columns,
  },
];
export const refund = (columns: Columns): Row => [
  "billing.refunds",
  { id: "r", payment_id: "y", amount_minor: 5, ...columns },
];
export const entry: Row = [
  "billing.ledger_entries",
  { transaction_id: "t", account: "doctor:d", payment_id: "y", currency: "USD", debit_minor: 5 },
];
export const prescription = (columns: Columns): Row => [
  "clinical.prescriptions",
  { id: "x", doctor_id: "d", issue_time: PAST, expire_time: AHEAD, ...columns },
];
let events = 0;
/** Row of an audit event. @param resource resource of the event, such as "bookings/b" */
export const audited = (service: string, action: string, resource: string, time = new Date()): Row => [
  `${service}.audit_events`,
  {
    id: `e${events++}`,
    action,
    resource: resource.replace(/\w+$/, idOf),
    subject_ids: "[]",
    outcome: "SUCCESS",
    occur_time: time,
  },
];
