import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  GetLicenseRequest,
  License,
  ListDoctorLicensesRequest,
  ListDoctorLicensesResponse,
  ListLicensesRequest,
  ListLicensesResponse,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { toLicense } from "./license.ts";
import { findLicense, listLicenses as list } from "./license-store.ts";

/** LicenseService.GetLicense. Throws NOT_FOUND, NOT_OWNER. */
export async function getLicense(
  app: Scheduling,
  { doctorId, licenseId }: GetLicenseRequest,
  call: Call,
): Promise<License> {
  await assertOwnProfile(app, doctorId, call);
  const row = await findLicense(app.db, licenseId);
  if (row?.doctorId !== doctorId) throw new ApiError("NOT_FOUND");
  return toLicense(row, app.businessClock.now(), app.cipher);
}

/** LicenseService.ListDoctorLicenses. Throws NOT_FOUND, NOT_OWNER, INVALID_PAGE_TOKEN. */
export async function listDoctorLicenses(
  app: Scheduling,
  request: ListDoctorLicensesRequest,
  call: Call,
): Promise<ListDoctorLicensesResponse> {
  const { doctorId } = request;
  await assertOwnProfile(app, doctorId, call);
  const now = app.businessClock.now();
  const page = app.pages.open(request, "doctorLicenses", doctorId);
  const found = await list(app.db, { doctorId }, page, now);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.createTime, row.id]);
  const licenses = leaveOutAltered(app.log, rows, (row) => toLicense(row, now, app.cipher));
  return { licenses, nextPageToken };
}

/** LicenseService.ListLicenses. Throws INVALID_PAGE_TOKEN. */
export async function listLicenses(
  app: Scheduling,
  request: ListLicensesRequest,
  call: Call,
): Promise<ListLicensesResponse> {
  const now = app.businessClock.now();
  const doctorId = request.doctorId || undefined;
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const region = request.region || undefined;
  const isAwaiting = request.awaitingDecision;
  const page = app.pages.open(request, "licenses", doctorId, status, region, Number(isAwaiting));
  const found = await list(app.db, { doctorId, status, region, isAwaiting }, page, now);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.createTime, row.id]);
  await app.audit.record(
    call,
    rows.map((row) => ({ resource: `licenses/${row.id}`, subjectIds: [row.doctorId] })),
  );
  const licenses = leaveOutAltered(app.log, rows, (row) => toLicense(row, now, app.cipher));
  return { licenses, nextPageToken };
}
