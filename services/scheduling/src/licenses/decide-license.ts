import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type {
  License,
  RejectLicenseRequest,
  RevokeLicenseRequest,
  VerifyLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Scheduling } from "../app.ts";
import { renameDoctor } from "../doctors/doctor-store.ts";
import { endUnlicensedBookings } from "../endings/end-unlicensed-bookings.ts";
import { lockPerson } from "../people/people-store.ts";
import { decisionReasonOf, type LicenseRow, rejectReasonContext, toLicense } from "./license.ts";
import { assertDecidable, assertVerifiable } from "./license-rules.ts";
import {
  findLicense,
  lockLicense,
  refuseLicense,
  replaceVerified,
  verifyLicense as writeVerified,
} from "./license-store.ts";
import { decisionEvent, licensingEvent } from "./licensing.ts";
import { findVerifiedName, updateLicensing } from "./licensing-store.ts";

/** LicenseService.VerifyLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION, LICENSE_NUMBER_TAKEN, NAME_DIFFERS. */
export const verifyLicense = (
  app: Scheduling,
  { licenseId, doctorName }: VerifyLicenseRequest,
  call: Call,
): Promise<License> => decide(app, call, licenseId, { decision: "VERIFIED", seenName: doctorName });

/** LicenseService.RejectLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION. */
export const rejectLicense = (
  app: Scheduling,
  { licenseId, reason }: RejectLicenseRequest,
  call: Call,
): Promise<License> => decide(app, call, licenseId, { decision: "REJECTED", reason });

/** LicenseService.RevokeLicense. Throws NOT_FOUND, ILLEGAL_TRANSITION. */
export function revokeLicense(
  app: Scheduling,
  { licenseId, reason, stopPrescriptions }: RevokeLicenseRequest,
  call: Call,
): Promise<License> {
  const stoppedBy = stopPrescriptions ? userOf(call).userId : undefined;
  return decide(app, call, licenseId, { decision: "REVOKED", reason, stoppedBy });
}

/** An admin's decision about a licence, with the details that it needs. */
type Decided =
  | {
      decision: "VERIFIED";
      /** The account's name that the admin compared with the licence. */
      seenName: string;
    }
  | {
      decision: "REJECTED" | "REVOKED";
      reason: string;
      /** User id of the admin, if they also stop the doctor's prescriptions. */
      stoppedBy?: string | undefined;
    };

async function decide(app: Scheduling, call: Call, licenseId: string, decided: Decided): Promise<License> {
  const found = await findLicense(app.db, licenseId);
  if (!found) throw new ApiError("NOT_FOUND");
  const decideOnce = async (tx: Transaction) => {
    const now = app.businessClock.now();
    // The handler of the account's events also locks the account before the licence. With the same order
    // here, the two transactions cannot deadlock.
    const accountName = await lockPerson(tx, found.doctorId);
    const row = await lockLicense(tx, found);
    const entry = { resource: `licenses/${row.id}`, subjectIds: [row.doctorId] };
    const stoppedBy = decided.decision === "REVOKED" ? decided.stoppedBy : undefined;
    if (!hasEffect(app, row, decided, accountName, now)) {
      const response = toLicense(row, now, app.cipher);
      if (!stoppedBy) return unchanged(response);
      return changed(response, entry, await changeLicensing(tx, row, now, stoppedBy));
    }
    const { decision } = decided;
    const { after, isShortened } =
      decision === "VERIFIED"
        ? await verify(tx, row, accountName, now)
        : { after: refuse(app, tx, row, decided, now), isShortened: decision === "REVOKED" };
    const licensing = decision === "REJECTED" ? [] : [await changeLicensing(tx, row, now, stoppedBy)];
    // Only a decision that takes licensed days away cancels bookings. Any other decision cancels none, even
    // if a booking lacks a licence. That is possible if JURISDICTION was set to `enforced` after the booking
    // was made.
    const cancelled = isShortened ? await endUnlicensedBookings(app, tx, row.doctorId, now) : [];
    const events = row.status === decision ? [] : [decisionEvent(row, decision)];
    return changed(toLicense(after, now, app.cipher), { ...entry, events }, ...licensing, ...cancelled);
  };
  return await app.calls.apply(call, decideOnce, ({ id, doctorId }) =>
    readEntries("license.list", [{ resource: `licenses/${id}`, subjectIds: [doctorId] }]),
  );
}

/**
 * Checks that a licence's state allows a decision. Throws ILLEGAL_TRANSITION, NAME_DIFFERS.
 *
 * @returns false if the licence has this decision already
 */
function hasEffect(
  { cipher }: Pick<Scheduling, "cipher">,
  row: LicenseRow,
  decided: Decided,
  accountName: string,
  now: Date,
): boolean {
  const { status, verifiedName: verified } = row;
  const current = { status, expireDate: dateOf(row.expireDate), reason: decisionReasonOf(row, cipher) };
  return decided.decision === "VERIFIED"
    ? assertVerifiable(current, { seen: decided.seenName, account: accountName, verified }, dateOf(now))
    : assertDecidable(current, decided, dateOf(now));
}

/** Updates the doctor's last licensed day and public name, and sends both to clinical. */
async function changeLicensing(
  tx: Transaction,
  { doctorId }: LicenseRow,
  now: Date,
  stoppedBy: string | undefined,
): Promise<AuditEntry> {
  // If no licence is verified any more, the profile keeps the name that was verified last.
  const name = await findVerifiedName(tx, doctorId);
  if (name !== undefined) await renameDoctor(tx, doctorId, name);
  const licensing = await updateLicensing(tx, doctorId, now, stoppedBy);
  return {
    action: "doctor.license",
    resource: `doctors/${doctorId}`,
    subjectIds: [doctorId],
    events: [licensingEvent(licensing)],
  };
}

/** A licence after a decision. */
interface Outcome {
  after: LicenseRow;
  /** True if the doctor's verified licences cover fewer days than before the decision. */
  isShortened: boolean;
}

/**
 * Verifies a pending licence. If the licence is verified already, verifies the new name of the doctor's
 * account.
 */
async function verify(tx: Transaction, row: LicenseRow, name: string, now: Date): Promise<Outcome> {
  const isShortened = row.status === "PENDING" && (await replaceVerified(tx, row, now));
  try {
    await writeVerified(tx, row.id, name, now);
  } catch (error) {
    if (duplicateKeyOf(error) === "licenses.one_verified_claim") throw new ApiError("LICENSE_NUMBER_TAKEN");
    throw error;
  }
  const after = { ...row, rejectReason: null, decideTime: now, verifiedName: name };
  return { after: { ...after, status: "VERIFIED" }, isShortened };
}

function refuse(
  { cipher }: Pick<Scheduling, "cipher">,
  tx: Transaction,
  row: LicenseRow,
  { decision, reason }: { decision: "REJECTED" | "REVOKED"; reason: string },
  now: Date,
): LicenseRow {
  const encrypted = cipher.encrypt(rejectReasonContext(row), reason);
  refuseLicense(tx, row.id, decision, encrypted, now);
  return { ...row, status: decision, rejectReason: encrypted, decideTime: now };
}
