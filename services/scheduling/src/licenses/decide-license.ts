import { dateOf } from "@medconnect/platform/calendar-date.ts";
import { readTrails, type Trail } from "@medconnect/platform/changes.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  License,
  RejectLicenseRequest,
  RevokeLicenseRequest,
  VerifyLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Scheduling } from "../app.ts";
import { endUnlicensedBookings } from "./end-unlicensed-bookings.ts";
import { assertDecidable, type Decision } from "./license-rules.ts";
import {
  decideLicense,
  findLicense,
  type LicenseRow,
  lockLicense,
  replaceVerified,
  toLicense,
  updateLicensing,
} from "./license-store.ts";
import { decisionEvent, licensingEvent } from "./licensing.ts";

/** LicenseService.VerifyLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION, LICENSE_NUMBER_TAKEN. */
export const verifyLicense =
  (app: Scheduling) =>
  ({ licenseId }: VerifyLicenseRequest, call: Call): Promise<License> =>
    decide(app, call, licenseId, { decision: "VERIFIED", reason: "" });

/** LicenseService.RejectLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION. */
export const rejectLicense =
  (app: Scheduling) =>
  ({ licenseId, reason }: RejectLicenseRequest, call: Call): Promise<License> =>
    decide(app, call, licenseId, { decision: "REJECTED", reason });

/** LicenseService.RevokeLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION. */
export const revokeLicense =
  (app: Scheduling) =>
  ({ licenseId, reason }: RevokeLicenseRequest, call: Call): Promise<License> =>
    decide(app, call, licenseId, { decision: "REVOKED", reason });

interface Decided {
  decision: Decision;
  /** "" where none is given. */
  reason: string;
}

async function decide(
  app: Scheduling,
  call: Call,
  licenseId: string,
  { decision, reason }: Decided,
): Promise<License> {
  const found = await findLicense(app.db, licenseId);
  if (!found) throw new ApiError("NOT_FOUND");
  const decideOnce = async (tx: Transaction) => {
    const now = app.clock.now();
    const row = await lockLicense(tx, found);
    const current = { status: row.status, region: row.region, expireDate: dateOf(row.expire_date) };
    if (!assertDecidable(current, decision, dateOf(now)))
      return { response: toLicense(row, now), trails: [] };
    if (decision === "VERIFIED") await verify(tx, row, now);
    else await decideLicense(tx, row.id, decision, reason, now);
    const licensed = decision === "REJECTED" ? [] : await changeLicensing(app, tx, row.doctor_id, now);
    const decided: LicenseRow = { ...row, status: decision, reject_reason: reason, decide_time: now };
    return {
      response: toLicense(decided, now),
      trails: [
        {
          resource: `licenses/${row.id}`,
          subjectIds: [row.doctor_id],
          events: [decisionEvent(row, decision)],
        },
        ...licensed,
      ],
    };
  };
  return await app.changes.apply(call, decideOnce, ({ id, doctorId }) =>
    readTrails("license.list", [{ resource: `licenses/${id}`, subjectIds: [doctorId] }]),
  );
}

/** Tells others until when the doctor is licensed now, and cancels bookings that lack a licence. */
async function changeLicensing(
  { box }: Scheduling,
  tx: Transaction,
  doctorId: string,
  now: Date,
): Promise<Trail[]> {
  const licensing = await updateLicensing(tx, doctorId, now);
  const told = {
    action: "doctor.license",
    resource: `doctors/${doctorId}`,
    subjectIds: [doctorId],
    events: [licensingEvent(licensing)],
  };
  return [told, ...(await endUnlicensedBookings(tx, doctorId, now, box))];
}

async function verify(tx: Transaction, row: LicenseRow, now: Date): Promise<void> {
  replaceVerified(tx, row, now);
  try {
    await decideLicense(tx, row.id, "VERIFIED", "", now);
  } catch (error) {
    if (duplicateKeyOf(error) === "licenses.one_verified_claim") throw new ApiError("LICENSE_NUMBER_TAKEN");
    throw error;
  }
}
