import type { AcknowledgedConsultation, Doctor } from "../doctor.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends Pick<AcknowledgedConsultation, "id" | "noShowParty"> {
  doctorId: string;
  status: string;
  movedBy: string;
  startTime: string;
  bookingId: string;
  bookingStatus: string | null;
  cancelledBy: string | null;
  isMoved: number;
}

const STORED = `SELECT c.id, c.doctor_id AS doctorId, c.status, c.transitioned_by AS movedBy, c.no_show_party AS noShowParty,
    DATE_FORMAT(c.start_time, '%Y-%m-%dT%H:%i:%s.%fZ') AS startTime, c.booking_id AS bookingId,
    b.status AS bookingStatus, b.cancelled_by AS cancelledBy,
    EXISTS (SELECT 1 FROM clinical.audit_events e WHERE e.resource = CONCAT('consultations/', BIN_TO_UUID(c.id))
      AND e.action IN ('consultation.reschedule', 'consultation.accept_move')) AS isMoved
  FROM clinical.consultations c LEFT JOIN scheduling.bookings b ON b.id = c.booking_id`;

/**
 * Compares the stored consultations with the acknowledged ones. Every start or end by a doctor must come from
 * an acknowledged call.
 */
export async function unacknowledgedConsultations(
  schemas: Schemas,
  doctors: readonly Doctor[],
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byDoctor = Map.groupBy(stored, ({ doctorId }) => doctorId);
  return doctors.flatMap((doctor) => differences(doctor, byDoctor.get(doctor.id) ?? []));
}

function differences({ consultations, unsure, cancelled }: Doctor, stored: Stored[]): string[] {
  const byId = new Map(stored.map((row) => [row.id, { ...row, startTime: new Date(row.startTime) }]));
  const isInForce = (acknowledged: AcknowledgedConsultation) => {
    const row = byId.get(acknowledged.id);
    return !(row?.isMoved && isOvertaken(acknowledged, row.startTime));
  };
  const inForce = new Map([...consultations].filter(([, acknowledged]) => isInForce(acknowledged)));
  const wrong = [...inForce.values()].flatMap((acknowledged) => {
    const row = byId.get(acknowledged.id);
    const isAtAnotherTime = row && isOvertaken(acknowledged, row.startTime);
    const problem = isAtAnotherTime
      ? `consultation ${acknowledged.id} was missed at another time, and never moved`
      : contradiction(acknowledged, row);
    return problem ? [problem] : [];
  });
  const unacknowledged = stored.filter(
    ({ id, status, movedBy }) =>
      !NEVER_BEGUN.has(status) &&
      !(status === "NO_SHOW" && movedBy === "SERVICE") &&
      movedBy !== "ADMIN" &&
      !inForce.has(id) &&
      !unsure.has(id),
  );
  const cancelledAlone = stored.filter(
    ({ bookingId, cancelledBy }) => cancelled.has(bookingId) && cancelledBy !== "DOCTOR",
  );
  return [
    ...wrong,
    ...unacknowledged.map(({ id, status }) => `consultation ${id}, ${status}, was never acknowledged`),
    ...cancelledAlone.map(
      ({ bookingId, bookingStatus }) => `cancelled booking ${bookingId} is ${bookingStatus}`,
    ),
  ];
}

const NEVER_BEGUN = new Set(["SCHEDULED", "WAITING", "CANCELLED"]);

/**
 * True for a no-show that was reported before the booking was rescheduled. Clinical undoes such a no-show
 * when it receives the event of the rescheduling.
 */
const isOvertaken = ({ status, missedTime }: AcknowledgedConsultation, startTime: Date): boolean =>
  status === "NO_SHOW" && startTime.toISOString() !== new Date(missedTime).toISOString();

/** Describes how a consultation contradicts the acknowledged state. Undefined if it does not. */
export function contradiction(
  acknowledged: AcknowledgedConsultation,
  seen: { status: unknown; startTime: Date; noShowParty?: unknown } | undefined,
): string | undefined {
  const { id, status, noShowParty } = acknowledged;
  if (!seen) return `acknowledged consultation ${id}, ${status}, is lost`;
  if (isOvertaken(acknowledged, seen.startTime)) return undefined;
  // Allowed if the booking was cancelled while the doctor started the consultation. The cancellation then
  // ends the consultation.
  const isBrokenOff = status === "IN_PROGRESS" && seen.status === "ABANDONED";
  if (seen.status !== status && !isBrokenOff) return `consultation ${id} was ${status} and is ${seen.status}`;
  if ((seen.noShowParty ?? null) !== noShowParty)
    return `consultation ${id} was missed by ${noShowParty}, now ${seen.noShowParty}`;
  return undefined;
}
