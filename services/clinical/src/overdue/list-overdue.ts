import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ListConsultationsResponse,
  ListOverdueConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { accessTo, toConsultationWithoutTexts } from "../consultations/consultation.ts";
import { listOverdue } from "./overdue-store.ts";
import { overdueBefore } from "./report-overdue.ts";

/** ConsultationService.ListOverdueConsultations. Throws INVALID_PAGE_TOKEN. */
export async function listOverdueConsultations(
  app: Clinical,
  request: ListOverdueConsultationsRequest,
  call: Call,
): Promise<ListConsultationsResponse> {
  const page = app.pages.open(request, "overdue consultations");
  const found = await listOverdue(app.db, overdueBefore(app), page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.endTime, row.id]);
  await app.audit.record(call, rows.map(accessTo));
  return { consultations: rows.map(toConsultationWithoutTexts), nextPageToken };
}
