import type { BookingHolder } from "../expected-booking.ts";
import type { Schemas } from "./schemas.ts";

interface Stored {
  id: string;
  status: string;
  noShowParty: string | null;
  lateParty: string | null;
}

/**
 * Stored state of the joined consultations. Leaves out rescheduled bookings, whose patients may have joined
 * at an earlier time, and no-shows that an admin's closing has set.
 */
const STORED = `SELECT c.id, c.status, c.no_show_party AS noShowParty, c.late_party AS lateParty
  FROM clinical.consultations c JOIN scheduling.bookings b ON b.consultation_id = c.id AND b.sequence = 0
  WHERE c.transitioned_by <> 'ADMIN'`;

/**
 * Checks that each join is stored, and that a patient who joined is recorded as a no-show only after joining
 * late.
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
