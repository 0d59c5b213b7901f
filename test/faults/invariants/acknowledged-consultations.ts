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
}

const STORED = `SELECT c.id, c.doctor_id AS doctorId, c.status, c.moved_by AS movedBy, c.no_show_party AS noShowParty,
    DATE_FORMAT(c.start_time, '%Y-%m-%dT%H:%i:%s.%fZ') AS startTime, c.booking_id AS bookingId,
    b.status AS bookingStatus, b.cancelled_by AS cancelledBy
  FROM clinical.consultations c LEFT JOIN scheduling.bookings b ON b.id = c.booking_id`;

/** Whether every consultation is as its doctor was told, and none has begun or ended that its doctor was not told of. */
export async function unacknowledgedConsultations(
  schemas: Schemas,
  doctors: readonly Doctor[],
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byDoctor = Map.groupBy(stored, ({ doctorId }) => doctorId);
  return doctors.flatMap((doctor) => differences(doctor, byDoctor.get(doctor.id) ?? []));
}

function differences({ consultations, unsure, cancelled }: Doctor, stored: Stored[]): string[] {
  const byId = new Map(stored.map((row) => [row.id, row]));
  const wrong = [...consultations.values()].flatMap((told) => {
    const problem = contradiction(told, byId.get(told.id));
    return problem ? [problem] : [];
  });
  const untold = stored.filter(
    ({ id, status, movedBy }) =>
      !NEVER_BEGUN.has(status) &&
      !(status === "NO_SHOW" && movedBy === "SERVICE") &&
      movedBy !== "ADMIN" &&
      !consultations.has(id) &&
      !unsure.has(id),
  );
  const cancelledAlone = stored.filter(
    ({ bookingId, cancelledBy }) => cancelled.has(bookingId) && cancelledBy !== "DOCTOR",
  );
  return [
    ...wrong,
    ...untold.map(({ id, status }) => `nobody was told of consultation ${id}, which is ${status}`),
    ...cancelledAlone.map(
      ({ bookingId, bookingStatus }) => `cancelled booking ${bookingId} is ${bookingStatus}`,
    ),
  ];
}

const NEVER_BEGUN = new Set(["SCHEDULED", "WAITING", "CANCELLED"]);

/** Contradiction between a consultation and its acknowledgement to the doctor; undefined if there is none. */
export function contradiction(
  { id, status, noShowParty, missedTime }: AcknowledgedConsultation,
  seen: { status: unknown; startTime: unknown; noShowParty?: unknown } | undefined,
): string | undefined {
  if (!seen) return `acknowledged consultation ${id}, ${status}, is lost`;
  // A no-show is void at a time that its booking had left, which clinical may hear of later.
  if (status === "NO_SHOW" && Date.parse(missedTime) !== Date.parse(String(seen.startTime))) return undefined;
  // The cancellation of its booking wins over one that has just begun.
  const isBrokenOff = status === "IN_PROGRESS" && seen.status === "ABANDONED";
  if (seen.status !== status && !isBrokenOff) return `consultation ${id} was ${status} and is ${seen.status}`;
  if ((seen.noShowParty ?? null) !== noShowParty)
    return `consultation ${id} was missed by ${noShowParty}, now ${seen.noShowParty}`;
  return undefined;
}
