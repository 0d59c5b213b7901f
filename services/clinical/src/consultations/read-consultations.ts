import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  Consultation,
  GetConsultationRequest,
  ListConsultationsRequest,
  ListConsultationsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { mayRead, scopeOf } from "../access.ts";
import type { Clinical } from "../app.ts";
import { toConsultation } from "./consultation.ts";
import { type ConsultationRow, findConsultation, listConsultations as list } from "./consultation-store.ts";

/** ConsultationService.GetConsultation. Throws NOT_FOUND. */
export const getConsultation =
  (app: Clinical) =>
  async ({ consultationId }: GetConsultationRequest, call: Call): Promise<Consultation> => {
    const row = await findConsultation(app.db, consultationId);
    if (!row) throw new ApiError("NOT_FOUND");
    if (!mayRead(userOf(call), row)) throw hiddenFrom(`consultations/${row.id}`, row.patient_id);
    await app.audit.record(call, [accessTo(row)]);
    return toConsultation(row, app.box);
  };

/** ConsultationService.ListConsultations. Throws INVALID_PAGE_TOKEN. */
export const listConsultations =
  (app: Clinical) =>
  async (request: ListConsultationsRequest, call: Call): Promise<ListConsultationsResponse> => {
    const user = userOf(call);
    const { status, startTime, endTime } = request;
    const page = app.pages.open(request, "consultations", user.userId, status, startTime, endTime);
    const found = await list(app.db, scopeOf(user), request, page);
    const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.start_time, row.id]);
    await app.audit.record(call, rows.map(accessTo));
    return { consultations: rows.map((row) => toConsultation(row, app.box)), nextPageToken };
  };

const accessTo = (row: ConsultationRow) => ({
  resource: `consultations/${row.id}`,
  subjectIds: [row.patient_id],
});
