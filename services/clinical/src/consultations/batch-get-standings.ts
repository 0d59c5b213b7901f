import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type {
  BatchGetConsultationStandingsRequest,
  BatchGetConsultationStandingsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { findStandings } from "./standing-store.ts";

/** ConsultationService.BatchGetConsultationStandings. */
export const batchGetConsultationStandings = async (
  app: Clinical,
  { consultationIds }: BatchGetConsultationStandingsRequest,
): Promise<BatchGetConsultationStandingsResponse> =>
  await app.db.transaction(async (tx) => {
    const rows = await findStandings(tx, consultationIds);
    const undelivered = await findUndelivered(tx, consultationIds);
    const standings = rows.map((row) => ({
      consultationId: row.id,
      bookingId: row.booking_id,
      paymentId: row.payment_id ?? undefined,
      status: row.status,
      startTime: row.start_time,
      endTime: row.end_time,
      noShowParty: row.no_show_party ?? undefined,
      lateParty: row.late_party ?? undefined,
      version: row.version,
      movePending: row.move_pending === 1,
      closedByAdmin: row.moved_by === "ADMIN",
      brokenOff: row.status === "ABANDONED" && row.moved_by === "DOCTOR",
      inFlight: undelivered.get(row.id) === "WAITING",
    }));
    return { standings };
  });
