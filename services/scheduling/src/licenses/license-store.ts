import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { type Filter, following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { License, License_Status } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { type Decision, NO_EXPIRY, type StoredStatus, shownDate, statusOn } from "./license-rules.ts";

export interface LicenseRow {
  id: string;
  doctorId: string;
  number: string;
  /** Letters and digits of the number, upper case: the form in which numbers are compared. */
  numberKey: string;
  region: string;
  expireDate: Date;
  status: StoredStatus;
  /** Encrypted; null without a reason. */
  rejectReason: Buffer | null;
  decideTime: Date | null;
  createTime: Date;
  /** The account's name at the last verification; null before the first. */
  verifiedName: string | null;
}

const COLUMNS = `l.id, l.doctor_id AS doctorId, l.number, l.number_key AS numberKey, l.region, l.expire_date AS expireDate,
  l.status, l.reject_reason AS rejectReason, l.decide_time AS decideTime, l.create_time AS createTime,
  l.verified_name AS verifiedName`;
const SELECT = `SELECT ${COLUMNS} FROM licenses l`;

/** SQL form of `statusOn`. Takes the day. */
const STATUS_ON = `IF(l.status = 'REPLACED' OR (l.status IN ('PENDING', 'VERIFIED') AND l.expire_date < ?),
  'EXPIRED', l.status)`;

/** Filters of a list of licences; an absent one matches all. */
export interface LicenseFilter {
  doctorId?: string | undefined;
  status?: License_Status | undefined;
  region?: string | undefined;
  /** Only licences that wait for an admin. */
  isAwaiting?: boolean;
}

/** Filters of licences that wait for an admin: claims, and verified licences whose account has another name. */
const awaiting = (now: Date): Filter[] => [
  ["l.awaits_decision = ?", true],
  ["l.expire_date >= ?", dateOf(now)],
];

/** Licences that match, oldest first. A filter that the named key does not hold is a scan. */
export async function listLicenses(
  db: Database,
  { doctorId, status, region, isAwaiting = false }: LicenseFilter,
  page: Page,
  now: Date,
): Promise<LicenseRow[]> {
  const { sql, params } = where(
    ...(isAwaiting ? awaiting(now) : []),
    ["l.doctor_id = ?", binaryId(doctorId)],
    status && isStored(status) ? ["l.status = ?", status] : undefined,
    status ? [`${STATUS_ON} = ?`, dateOf(now), status] : undefined,
    ["l.region = ?", region],
    following("l.create_time", "l.id", page.after),
  );
  const isKeyed = status === undefined && !(doctorId && region) && !isAwaiting;
  return await db[isKeyed ? "read" : "scan"]<LicenseRow>(
    `SELECT ${COLUMNS} FROM licenses l FORCE INDEX (${keyOf({ doctorId, status, region, isAwaiting })}) ${sql}
     ORDER BY l.create_time, l.id LIMIT ?`,
    [...params, limitOf(page)],
  );
}

function keyOf({ doctorId, status, region, isAwaiting }: LicenseFilter): string {
  if (doctorId) return "licenses_by_doctor_age";
  if (isAwaiting) return "licenses_by_waiting";
  if (status && isStored(status)) return "licenses_by_status";
  return region ? "licenses_by_region" : "licenses_by_age";
}

/** Stored states, which the key on `status` finds. */
const isStored = (status: License_Status): boolean => status !== "EXPIRED";

/** Number of licences that wait for an admin, and since when the first has waited; null without any. */
export async function countPending(db: Database, now: Date): Promise<{ count: number; oldest: Date | null }> {
  const { sql, params } = where(...awaiting(now));
  const [row] = await db.read<{ count: number; oldest: Date | null }>(
    `SELECT COUNT(*) AS count, MIN(COALESCE(l.rename_time, l.create_time)) AS oldest FROM licenses l ${sql}`,
    params,
  );
  return row!;
}

export async function findLicense(db: Database, id: string): Promise<LicenseRow | undefined> {
  const [row] = await db.read<LicenseRow>(`${SELECT} WHERE l.id = ?`, [binaryId(id)]);
  return row;
}

/** Locks a licence and, before it, its doctor's profile: the guard of its counts and copies. */
export async function lockLicense(tx: Transaction, { id, doctorId }: LicenseRow): Promise<LicenseRow> {
  lockDoctor(tx, doctorId);
  const [row] = await tx.read<LicenseRow>(`${SELECT} WHERE l.id = ? FOR UPDATE OF l`, [binaryId(id)]);
  return row!;
}

function lockDoctor(tx: Transaction, doctorId: string): void {
  tx.defer("SELECT id FROM doctors WHERE id = ? FOR UPDATE", [binaryId(doctorId)]);
}

/** Count of a doctor's pending and valid licences. The lock on the profile keeps it exact until the commit. */
export async function countLiveLicenses(tx: Transaction, doctorId: string, now: Date): Promise<number> {
  lockDoctor(tx, doctorId);
  const [row] = await tx.read<{ count: number }>(
    `SELECT COUNT(*) AS count FROM licenses
     WHERE doctor_id = ? AND status IN ('PENDING', 'VERIFIED') AND expire_date >= ?`,
    [binaryId(doctorId), dateOf(now)],
  );
  return row!.count;
}

export function insertLicense(tx: Transaction, license: License): void {
  const { id, doctorId, number, region, expireDate, createTime } = license;
  tx.defer(
    `INSERT INTO licenses (id, doctor_id, number, region, expire_date, status, create_time)
     VALUES (?, ?, ?, ?, ?, 'PENDING', ?)`,
    [binaryId(id), binaryId(doctorId), number, region, expireDate || NO_EXPIRY, createTime!],
  );
}

/** The doctor's own verified licence of a region and number. */
const PREDECESSOR = "doctor_id = ? AND region = ? AND number_key = ? AND status = 'VERIFIED'";

/**
 * Ends the doctor's own verified licence of the same region and number, before its successor is verified.
 *
 * @returns true if it was valid for longer than its successor
 */
export async function replaceVerified(tx: Transaction, row: LicenseRow, now: Date): Promise<boolean> {
  const values = [binaryId(row.doctorId), row.region, row.numberKey];
  const longer = `SELECT 1 FROM licenses WHERE ${PREDECESSOR} AND expire_date > ?`;
  const isShortened = (await tx.read(longer, [...values, dateOf(row.expireDate)])).length > 0;
  tx.defer(`UPDATE licenses SET status = 'REPLACED', decide_time = ? WHERE ${PREDECESSOR}`, [now, ...values]);
  return isShortened;
}

/** Verifies a licence, or its account's new name. Throws ER_DUP_ENTRY on `licenses.one_verified_claim`. */
export async function verifyLicense(tx: Transaction, id: string, name: string, now: Date): Promise<void> {
  await tx.write(
    `UPDATE licenses SET status = 'VERIFIED', reject_reason = NULL, verified_name = ?, rename_time = NULL, decide_time = ?
     WHERE id = ?`,
    [name, now, binaryId(id)],
  );
}

/** Writes a rejection or revocation, with its encrypted reason. */
export function refuseLicense(
  tx: Transaction,
  id: string,
  decision: Exclude<Decision, "VERIFIED">,
  reason: Buffer,
  now: Date,
): void {
  tx.defer("UPDATE licenses SET status = ?, reject_reason = ?, decide_time = ? WHERE id = ?", [
    decision,
    reason,
    now,
    binaryId(id),
  ]);
}

/** Notes which verified licences of a locked doctor have another name than the account, and since when. */
export function compareNames(tx: Transaction, doctorId: string, accountName: string, now: Date): void {
  tx.defer(
    `UPDATE licenses SET rename_time = IF(verified_name <=> ?, NULL, COALESCE(rename_time, ?))
     WHERE doctor_id = ? AND status = 'VERIFIED'`,
    [accountName, now, binaryId(doctorId)],
  );
}

/** Name on the doctor's licence that was verified last; undefined without a verified one. */
export async function findVerifiedName(tx: Transaction, doctorId: string): Promise<string | undefined> {
  const [row] = await tx.read<{ verifiedName: string }>(
    `SELECT verified_name AS verifiedName FROM licenses WHERE doctor_id = ? AND status = 'VERIFIED' AND verified_name IS NOT NULL
     ORDER BY decide_time DESC, id DESC LIMIT 1`,
    [binaryId(doctorId)],
  );
  return row?.verifiedName;
}

/** A doctor's licensing, as in the event. */
export interface LicensingRow {
  id: string;
  displayName: string;
  licensedUntil: Date | null;
  licensingVersion: number;
  prescriptionsStopTime: Date | null;
  prescriptionsStoppedBy: string | null;
}

/**
 * Copies the last day of the doctor's verified licences to the profile for hot statements, under a new version.
 *
 * @param stoppedBy the admin who stops the prescriptions issued until now; absent: none are stopped
 */
export async function updateLicensing(
  tx: Transaction,
  doctorId: string,
  now: Date,
  stoppedBy: string | undefined,
): Promise<LicensingRow> {
  tx.defer(
    `UPDATE doctors SET licensing_version = licensing_version + 1, licensed_until =
       (SELECT MAX(l.expire_date) FROM licenses l WHERE l.doctor_id = doctors.id AND l.status = 'VERIFIED')
     WHERE id = ?`,
    [binaryId(doctorId)],
  );
  if (stoppedBy) {
    tx.defer(
      `UPDATE doctors SET prescriptions_stopped_by = ?,
         prescriptions_stop_time = GREATEST(?, COALESCE(prescriptions_stop_time, ?)) WHERE id = ?`,
      [binaryId(stoppedBy), now, now, binaryId(doctorId)],
    );
  }
  const [row] = await tx.read<LicensingRow>(
    `SELECT id, display_name AS displayName, licensed_until AS licensedUntil, licensing_version AS licensingVersion,
       prescriptions_stop_time AS prescriptionsStopTime, prescriptions_stopped_by AS prescriptionsStoppedBy
     FROM doctors WHERE id = ?`,
    [binaryId(doctorId)],
  );
  return row!;
}

/** Where the reason of a decision lies, and which doctor may read it. */
export const rejectReasonContext = ({ id, doctorId }: Pick<LicenseRow, "id" | "doctorId">): string =>
  `licenses.reject_reason:${id}:${doctorId}`;

/** Reason of a rejection or revocation; "" without one. In any other row a text is foreign, and must not stop a decision. */
export const decisionReasonOf = (row: LicenseRow, cipher: FieldCipher): string =>
  row.rejectReason && (row.status === "REJECTED" || row.status === "REVOKED")
    ? cipher.decrypt(rejectReasonContext(row), row.rejectReason).toString()
    : "";

export function toLicense(row: LicenseRow, now: Date, cipher: FieldCipher): License {
  const expireDate = dateOf(row.expireDate);
  return {
    id: row.id,
    doctorId: row.doctorId,
    number: row.number,
    region: row.region,
    expireDate: shownDate(expireDate),
    status: statusOn({ status: row.status, expireDate }, dateOf(now)),
    rejectReason: decisionReasonOf(row, cipher),
    decideTime: row.decideTime ?? undefined,
    createTime: row.createTime,
    verifiedName: row.verifiedName ?? undefined,
  };
}
