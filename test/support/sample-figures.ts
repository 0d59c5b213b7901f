import { createConnection } from "mysql2/promise";
import { sharedStack } from "./stack.ts";

/** Mean per day of each figure, by service. */
const MEANS = {
  auth: [
    ["REGISTRATIONS", "PATIENT", 14],
    ["REGISTRATIONS", "DOCTOR", 3],
  ],
  scheduling: [
    ["BOOKINGS_CREATED", "", 42],
    ["BOOKINGS_CONFIRMED", "", 36],
    ["BOOKINGS_CANCELLED", "PATIENT", 5],
    ["BOOKINGS_EXPIRED", "", 4],
    ["BOOKINGS_NO_SHOW", "", 1],
  ],
  clinical: [
    ["CONSULTATIONS_COMPLETED", "", 30],
    ["PRESCRIPTIONS_ISSUED", "", 19],
  ],
  billing: [
    ["AMOUNT_CAPTURED", "USD", 152_000],
    ["AMOUNT_REFUNDED", "USD", 11_000],
  ],
} as const;
const DAYS = 60;
const WEEK = 7;

/** Gives the shared system figures of the last weeks, which grow slowly and fall at weekends, for pictures of them. */
export async function addSampleFigures(): Promise<void> {
  const connection = await createConnection({ uri: sharedStack().urls.mysql });
  try {
    for (const [service, means] of Object.entries(MEANS)) {
      const rows = means.flatMap(([figure, label, mean]) =>
        Array.from({ length: DAYS }, (_, day) => [day, figure, label, Math.round(mean * shareOf(day, mean))]),
      );
      for (const row of rows) {
        await connection.query(
          `REPLACE INTO medconnect_${service}.daily_totals (day, figure, label, total)
           VALUES (UTC_DATE() - INTERVAL ? DAY, ?, ?, ?)`,
          row,
        );
      }
    }
  } finally {
    await connection.end();
  }
}

/** Share of the mean on a day. @param phase moves the waves of different figures apart */
function shareOf(daysAgo: number, phase: number): number {
  const isWeekend = (daysAgo + 2) % WEEK < 2;
  return (0.75 + 0.25 * Math.sin(daysAgo * 0.9 + phase)) * (isWeekend ? 0.4 : 1) * (1 - daysAgo / 150);
}
