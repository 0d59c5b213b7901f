import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type {
  BatchGetConsultationSnapshotsRequest,
  BatchGetConsultationSnapshotsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { findSnapshots } from "./snapshot-store.ts";

/** ConsultationService.BatchGetConsultationSnapshots. Unknown ids are left out of the response. */
export const batchGetConsultationSnapshots = async (
  app: Clinical,
  { consultationIds }: BatchGetConsultationSnapshotsRequest,
): Promise<BatchGetConsultationSnapshotsResponse> =>
  await app.db.transaction(async (tx) => {
    const rows = await findSnapshots(tx, consultationIds);
    const undelivered = await findUndelivered(tx, consultationIds);
    const snapshots = rows.map((row) => ({
      consultationId: row.id,
      bookingId: row.bookingId,
      paymentId: row.paymentId ?? undefined,
      status: row.status,
      startTime: row.startTime,
      endTime: row.endTime,
      noShowParty: row.noShowParty ?? undefined,
      lateParty: row.lateParty ?? undefined,
      version: row.version,
      movePending: row.movePending,
      closedByAdmin: row.transitionedBy === "ADMIN",
      brokenOff: row.status === "ABANDONED" && row.transitionedBy === "DOCTOR",
      inFlight: undelivered.get(row.id) === "WAITING",
    }));
    return { snapshots };
  });
