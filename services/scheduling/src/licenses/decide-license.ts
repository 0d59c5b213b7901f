import { dateOf } from "@medconnect/platform/calendar-date.ts";
import { readTrails, type Trail } from "@medconnect/platform/changes.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
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
  decisionReasonOf,
  findLicense,
  type LicenseRow,
  lockLicense,
  rejectReasonPlace,
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
  ({ licenseId, reason, stopPrescriptions }: RevokeLicenseRequest, call: Call): Promise<License> => {
    const stoppedBy = stopPrescriptions ? userOf(call).userId : undefined;
    return decide(app, call, licenseId, { decision: "REVOKED", reason, stoppedBy });
  };

interface Decided {
  decision: Decision;
  /** "" without a reason. */
  reason: string;
  /** The admin who also stops the doctor's prescriptions. */
  stoppedBy?: string | undefined;
}

async function decide(
  app: Scheduling,
  call: Call,
  licenseId: string,
  { decision, reason, stoppedBy }: Decided,
): Promise<License> {
  const found = await findLicense(app.db, licenseId);
  if (!found) throw new ApiError("NOT_FOUND");
  const decideOnce = async (tx: Transaction) => {
    const now = app.clock.now();
    const row = await lockLicense(tx, found);
    const current = {
      status: row.status,
      expireDate: dateOf(row.expire_date),
      reason: decisionReasonOf(row, app.box),
    };
    const trail = { resource: `licenses/${row.id}`, subjectIds: [row.doctor_id] };
    if (!assertDecidable(current, { decision, reason }, dateOf(now))) {
      const stopped = stoppedBy ? [trail, await changeLicensing(tx, row, now, stoppedBy)] : [];
      return { response: toLicense(row, now, app.box), trails: stopped };
    }
    const sealed = reason === "" ? null : app.box.seal(rejectReasonPlace(row), reason);
    const isShortened = decision === "VERIFIED" && (await verify(tx, row, now));
    if (decision !== "VERIFIED") await decideLicense(tx, row.id, decision, sealed, now);
    const changes = decision === "REJECTED" ? [] : [await changeLicensing(tx, row, now, stoppedBy)];
    // A decision that takes nothing away cancels nothing, whatever the setting was when a booking was made.
    const cancelled =
      isShortened || decision === "REVOKED" ? await endUnlicensedBookings(app, tx, row.doctor_id, now) : [];
    const decided: LicenseRow = { ...row, status: decision, reject_reason: sealed, decide_time: now };
    return {
      response: toLicense(decided, now, app.box),
      trails: [{ ...trail, events: [decisionEvent(row, decision)] }, ...changes, ...cancelled],
    };
  };
  return await app.changes.apply(call, decideOnce, ({ id, doctorId }) =>
    readTrails("license.list", [{ resource: `licenses/${id}`, subjectIds: [doctorId] }]),
  );
}

/** Copies the doctor's new last licensed day, and sends it to clinical. */
async function changeLicensing(
  tx: Transaction,
  { doctor_id: doctorId }: LicenseRow,
  now: Date,
  stoppedBy: string | undefined,
): Promise<Trail> {
  const licensing = await updateLicensing(tx, doctorId, now, stoppedBy);
  return {
    action: "doctor.license",
    resource: `doctors/${doctorId}`,
    subjectIds: [doctorId],
    events: [licensingEvent(licensing)],
  };
}

/** @returns true if the verified licence is shorter than the one that it replaces */
async function verify(tx: Transaction, row: LicenseRow, now: Date): Promise<boolean> {
  const isShortened = await replaceVerified(tx, row, now);
  try {
    await decideLicense(tx, row.id, "VERIFIED", null, now);
    return isShortened;
  } catch (error) {
    if (duplicateKeyOf(error) === "licenses.one_verified_claim") throw new ApiError("LICENSE_NUMBER_TAKEN");
    throw error;
  }
}
