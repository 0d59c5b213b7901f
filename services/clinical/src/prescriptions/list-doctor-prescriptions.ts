import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ListDoctorPrescriptionsRequest,
  ListPrescriptionsResponse,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Clinical } from "../app.ts";
import { isKnownDoctor } from "../people/people-store.ts";
import { accessTo, toPrescriptionSummary } from "./prescription.ts";
import { listPrescriptions } from "./prescription-store.ts";

/**
 * PrescriptionService.ListDoctorPrescriptions. Adds an entry to the access log of each patient in the list.
 * An empty list is audited as a read of the doctor's prescriptions. Throws NOT_FOUND, INVALID_PAGE_TOKEN.
 */
export async function listDoctorPrescriptions(
  app: Clinical,
  request: ListDoctorPrescriptionsRequest,
  call: Call,
): Promise<ListPrescriptionsResponse> {
  const { doctorId } = request;
  const page = app.pages.open(request, "doctor prescriptions", doctorId);
  if (!(await isKnownDoctor(app.db, doctorId))) throw new ApiError("NOT_FOUND");
  const found = await listPrescriptions(app.db, { doctorId }, {}, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.issueTime, row.id]);
  const none = { resource: `doctors/${doctorId}/prescriptions`, subjectIds: [doctorId] };
  await app.audit.record(call, rows.length > 0 ? rows.map(accessTo) : [none]);
  const now = app.businessClock.now();
  return { prescriptions: rows.map((row) => toPrescriptionSummary(row, now)), nextPageToken };
}
