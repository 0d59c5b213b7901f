import type { BookingHolder } from "../expected-booking.ts";
import type { Schemas } from "./schemas.ts";

interface Stored {
  id: string;
  status: string;
  noShowParty: string | null;
  lateParty: string | null;
}

/**
 * Selects consultations with their stored state. Leaves out rescheduled bookings, whose patients may have
 * joined at an earlier time. Also leaves out consultations that an admin's closing has ended.
 */
const STORED = `SELECT c.id, c.status, c.no_show_party AS noShowParty, c.late_party AS lateParty
  FROM clinical.consultations c JOIN scheduling.bookings b ON b.consultation_id = c.id AND b.sequence = 0
  WHERE c.transitioned_by <> 'ADMIN'`;

/**
 * Checks that each acknowledged join is stored. A patient who joined may be recorded as a no-show only if the
 * patient joined late.
 */
export async function unacknowledgedJoins(
  schemas: Schemas,
  bookingHolders: readonly BookingHolder[],
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const joined = bookingHolders.flatMap(({ expectedBookings }) =>
    [...expectedBookings.values()].filter((expected) => expected.joined),
  );
  return joined.flatMap(({ consultationId }) => {
    const seen = byId.get(consultationId);
    if (seen?.status === "SCHEDULED") return [`consultation ${consultationId} was joined and is SCHEDULED`];
    const isMissed =
      seen?.status === "NO_SHOW" && seen.noShowParty !== "DOCTOR" && seen.lateParty !== "PATIENT";
    return isMissed ? [`consultation ${consultationId} was joined, and missed by its patient`] : [];
  });
}
