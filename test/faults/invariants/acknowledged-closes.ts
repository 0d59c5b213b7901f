import type { RefundingAdmin } from "../refunding-admin.ts";
import type { Schemas } from "./schemas.ts";

interface Stored {
  id: string;
  outcome: string | null;
  feeDecision: string | null;
  /** 1 if the closing of the booking ended the consultation; 0 if the consultation ended in another way. */
  hasFollowed: number;
}

const STORED = `SELECT b.id, b.close_outcome AS outcome, b.fee_decision AS feeDecision, c.transitioned_by <=> 'ADMIN' AS hasFollowed
  FROM scheduling.bookings b LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
  WHERE b.close_outcome IS NOT NULL OR c.transitioned_by = 'ADMIN' OR EXISTS (SELECT 1 FROM scheduling.audit_events a
    WHERE a.resource = CONCAT('bookings/', BIN_TO_UUID(b.id)) AND a.action = 'booking.close' AND a.outcome = 'SUCCESS')`;

/**
 * Checks that an admin's closings are stored as acknowledged. If a consultation ended at the same time, its
 * end may replace the closing. Even then, a fee that the closing released must stay released. Also checks
 * that an admin made every stored closing.
 */
export async function unacknowledgedCloses(schemas: Schemas, { closes }: RefundingAdmin): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const known = new Set(stored.map(({ id }) => id));
  const lost = [...closes.keys()].filter((id) => !known.has(id));
  const wrong = stored.flatMap(({ id, outcome, feeDecision, hasFollowed }) => {
    const acknowledged = closes.get(id);
    if (!acknowledged) return [`closing of booking ${id} as ${outcome} was never acknowledged`];
    if (acknowledged.feeDecision === "RELEASE" && feeDecision !== "RELEASE")
      return [`the fee of ${id} was released and is due`];
    const isKept = hasFollowed ? outcome === acknowledged.outcome : outcome === null;
    return isKept ? [] : [`booking ${id} was closed as ${acknowledged.outcome} and is ${outcome}`];
  });
  return [...wrong, ...lost.map((id) => `the closing of booking ${id} is lost`)];
}
