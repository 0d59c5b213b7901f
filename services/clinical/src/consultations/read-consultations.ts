import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  GetConsultationRequest,
  ListConsultationsRequest,
  ListConsultationsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { accessesTo, authorizeList, authorizeRead } from "../access/authorize-read.ts";
import type { Clinical } from "../app.ts";
import { findAddenda } from "./addendum-store.ts";
import { accessTo, toConsultation, toConsultationWithoutTexts } from "./consultation.ts";
import { findConsultation, listConsultations as list } from "./consultation-store.ts";

/** ConsultationService.GetConsultation. Throws NOT_FOUND, BREAK_GLASS_REQUIRED. */
export async function getConsultation(
  app: Clinical,
  { consultationId }: GetConsultationRequest,
  call: Call,
): Promise<Consultation> {
  const found = await findConsultation(app.db, consultationId);
  const { record, ...right } = await authorizeRead(app, call, found, `consultations/${consultationId}`);
  await app.audit.record(call, [{ ...accessTo(record), ...right }]);
  return toConsultation(record, app.cipher, await findAddenda(app.db, record));
}

/** ConsultationService.ListConsultations. Throws INVALID_PAGE_TOKEN, BREAK_GLASS_REQUIRED. */
export async function listConsultations(
  app: Clinical,
  request: ListConsultationsRequest,
  call: Call,
): Promise<ListConsultationsResponse> {
  const { status, startTime, endTime, patientId } = request;
  const { scope, ...right } = await authorizeList(app, call, patientId, "consultations");
  const { userId } = userOf(call);
  const page = app.pages.open(request, "consultations", userId, status, startTime, endTime, patientId);
  const found = await list(app.db, scope, request, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.startTime, row.id]);
  await app.audit.record(call, accessesTo(rows.map(accessTo), right, patientId, "consultations"));
  return { consultations: rows.map(toConsultationWithoutTexts), nextPageToken };
}
