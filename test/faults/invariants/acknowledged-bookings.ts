import { type Belief, type Believer, contradiction } from "../belief.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends Pick<Belief, "id" | "slotId" | "status" | "sequence"> {
  patientId: string;
  paymentStatus: string | null;
}

const STORED = `SELECT b.id, b.patient_id AS patientId, b.slot_id AS slotId, b.status, b.sequence,
    p.status AS paymentStatus
  FROM scheduling.bookings b LEFT JOIN billing.payments p ON p.booking_id = b.id`;
/** What an acknowledged authorization can have become. */
const AFTER_AUTHORIZED = ["AUTHORIZED", "CAPTURED", "VOIDED", "REFUNDED", "PARTIALLY_REFUNDED"];

/**
 * Whether what is stored is what was acknowledged: every booking once, as it was or as it may be by now, and none that
 * nobody was told of, as every call was asked again until it was decided.
 */
export async function unacknowledgedBookings(
  schemas: Schemas,
  believers: readonly Believer[],
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const wrong: string[] = [];
  for (const { id: patientId, beliefs } of believers) {
    for (const belief of beliefs.values()) {
      const row = byId.get(belief.id);
      byId.delete(belief.id);
      if (row?.patientId !== patientId) wrong.push(`acknowledged booking ${belief.id} is lost`);
      else wrong.push(...differences(belief, row));
    }
  }
  for (const { id, status } of byId.values())
    wrong.push(`nobody was told of booking ${id}, which is ${status}`);
  return wrong;
}

function differences(belief: Belief, row: Stored): string[] {
  const wrong = contradiction(belief, row);
  const isPaymentLost = belief.paid && !AFTER_AUTHORIZED.includes(row.paymentStatus ?? "");
  return [
    ...(wrong ? [wrong] : []),
    ...(isPaymentLost ? [`acknowledged payment of ${belief.id} is ${row.paymentStatus}`] : []),
  ];
}
