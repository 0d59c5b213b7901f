import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  GetPrescriptionRequest,
  ListPrescriptionsRequest,
  ListPrescriptionsResponse,
  Prescription,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { accessesTo, authorizeList, authorizeRead } from "../access/authorize-read.ts";
import type { Clinical } from "../app.ts";
import { accessTo, toPrescription, toPrescriptionWithoutTexts } from "./prescription.ts";
import { findPrescription, listPrescriptions as list } from "./prescription-store.ts";

/** PrescriptionService.GetPrescription. Throws NOT_FOUND, BREAK_GLASS_REQUIRED. */
export async function getPrescription(
  app: Clinical,
  { prescriptionId }: GetPrescriptionRequest,
  call: Call,
): Promise<Prescription> {
  const found = await findPrescription(app.db, prescriptionId);
  const { record, ...right } = await authorizeRead(app, call, found, `prescriptions/${prescriptionId}`);
  await app.audit.record(call, [{ ...accessTo(record), ...right }]);
  return toPrescription(record, app.businessClock.now(), app.cipher);
}

/** PrescriptionService.ListPrescriptions. Throws INVALID_PAGE_TOKEN, BREAK_GLASS_REQUIRED. */
export async function listPrescriptions(
  app: Clinical,
  request: ListPrescriptionsRequest,
  call: Call,
): Promise<ListPrescriptionsResponse> {
  const { consultationId, patientId } = request;
  const { scope, ...right } = await authorizeList(app, call, patientId, "prescriptions");
  const { userId } = userOf(call);
  const page = app.pages.open(request, "prescriptions", userId, consultationId, patientId);
  const found = await list(app.db, scope, request, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.issueTime, row.id]);
  await app.audit.record(call, accessesTo(rows.map(accessTo), right, patientId, "prescriptions"));
  const now = app.businessClock.now();
  return { prescriptions: rows.map((row) => toPrescriptionWithoutTexts(row, now)), nextPageToken };
}
