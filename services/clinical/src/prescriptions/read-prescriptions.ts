import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  GetPrescriptionRequest,
  ListPrescriptionsRequest,
  ListPrescriptionsResponse,
  Prescription,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { mayRead, scopeOf } from "../access.ts";
import type { Clinical } from "../app.ts";
import { toPrescription } from "./prescription.ts";
import { findPrescription, listPrescriptions as list, type PrescriptionRow } from "./prescription-store.ts";

/** PrescriptionService.GetPrescription. Throws NOT_FOUND. */
export const getPrescription =
  (app: Clinical) =>
  async ({ prescriptionId }: GetPrescriptionRequest, call: Call): Promise<Prescription> => {
    const row = await findPrescription(app.db, prescriptionId);
    if (!row) throw new ApiError("NOT_FOUND");
    if (!mayRead(userOf(call), row)) throw hiddenFrom(`prescriptions/${row.id}`, row.patient_id);
    await app.audit.record(call, [accessTo(row)]);
    return toPrescription(row, app.clock.now(), app.box);
  };

/** PrescriptionService.ListPrescriptions. Throws INVALID_PAGE_TOKEN. */
export const listPrescriptions =
  (app: Clinical) =>
  async (request: ListPrescriptionsRequest, call: Call): Promise<ListPrescriptionsResponse> => {
    const user = userOf(call);
    const page = app.pages.open(request, "prescriptions", user.userId, request.consultationId);
    const found = await list(app.db, scopeOf(user), request, page);
    const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.issue_time, row.id]);
    await app.audit.record(call, rows.map(accessTo));
    const now = app.clock.now();
    return { prescriptions: rows.map((row) => toPrescription(row, now, app.box)), nextPageToken };
  };

const accessTo = (row: PrescriptionRow) => ({
  resource: `prescriptions/${row.id}`,
  subjectIds: [row.patient_id],
});
