import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { type Filter, following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { License, License_Status } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { LicenseRow } from "./license.ts";
import { type Decision, NO_EXPIRY } from "./license-rules.ts";

const COLUMNS = `l.id, l.doctor_id AS doctorId, l.number, l.number_key AS numberKey, l.region, l.expire_date AS expireDate,
  l.status, l.reject_reason AS rejectReason, l.decide_time AS decideTime, l.create_time AS createTime,
  l.verified_name AS verifiedName`;
const SELECT = `SELECT ${COLUMNS} FROM licenses l`;

/**
 * SQL expression for the status of licence `l` on a day; the same rule as the function `statusOn`. The
 * parameter is the day.
 */
const STATUS_ON = `IF(l.status = 'REPLACED' OR (l.status IN ('PENDING', 'VERIFIED') AND l.expire_date < ?),
  'EXPIRED', l.status)`;

/** Filters of a list of licences; absent filters match all. */
export interface LicenseFilter {
  doctorId?: string | undefined;
  status?: License_Status | undefined;
  region?: string | undefined;
  /** Only licences that wait for an admin. */
  isAwaiting?: boolean;
}

/**
 * Filters for licences that wait for an admin and have not expired. These are pending licences, and verified
 * licences whose doctor's account has a new name.
 */
const awaiting = (now: Date): Filter[] => [
  ["l.awaits_decision = ?", true],
  ["l.expire_date >= ?", dateOf(now)],
];

/** Lists matching licences, oldest first. A filter that the index does not cover scans the table. */
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

/**
 * True for a status that the column `status` stores, so that an index on this column can be used. EXPIRED is
 * not stored, but computed.
 */
const isStored = (status: License_Status): boolean => status !== "EXPIRED";

/**
 * Counts the licences that wait for an admin, and finds the time since which the oldest of them waits. The
 * time is null if no licence waits.
 */
export async function countPending(db: Database, now: Date): Promise<{ count: number; oldest: Date | null }> {
  const { sql, params } = where(...awaiting(now));
  const [row] = await db.read<{ count: number; oldest: Date | null }>(
    `SELECT COUNT(*) AS count, MIN(COALESCE(l.rename_time, l.create_time)) AS oldest FROM licenses l ${sql}`,
    params,
  );
  // biome-ignore lint/style/noNonNullAssertion: COUNT without GROUP BY always has one row
  return row!;
}

export async function findLicense(db: Database, id: string): Promise<LicenseRow | undefined> {
  const [row] = await db.read<LicenseRow>(`${SELECT} WHERE l.id = ?`, [binaryId(id)]);
  return row;
}

/**
 * Locks the profile of a licence's doctor, and then the licence. Until the commit, the lock on the profile
 * keeps unchanged: the number of the doctor's licences, and the profile's last licensed day and name.
 */
export async function lockLicense(tx: Transaction, { id, doctorId }: LicenseRow): Promise<LicenseRow> {
  lockDoctor(tx, doctorId);
  const [row] = await tx.read<LicenseRow>(`${SELECT} WHERE l.id = ? FOR UPDATE OF l`, [binaryId(id)]);
  // biome-ignore lint/style/noNonNullAssertion: licences are never deleted
  return row!;
}

function lockDoctor(tx: Transaction, doctorId: string): void {
  tx.defer("SELECT id FROM doctors WHERE id = ? FOR UPDATE", [binaryId(doctorId)]);
}

/**
 * Counts a doctor's pending and verified licences that have not expired. The lock on the profile keeps the
 * count exact until the commit.
 */
export async function countLiveLicenses(tx: Transaction, doctorId: string, now: Date): Promise<number> {
  lockDoctor(tx, doctorId);
  const [row] = await tx.read<{ count: number }>(
    `SELECT COUNT(*) AS count FROM licenses
     WHERE doctor_id = ? AND status IN ('PENDING', 'VERIFIED') AND expire_date >= ?`,
    [binaryId(doctorId), dateOf(now)],
  );
  // biome-ignore lint/style/noNonNullAssertion: COUNT without GROUP BY always has one row
  return row!.count;
}

/** Inserts a pending licence. */
export function insertLicense(
  tx: Transaction,
  { id, doctorId, number, region, expireDate }: License,
  createTime: Date,
): void {
  tx.defer(
    `INSERT INTO licenses (id, doctor_id, number, region, expire_date, status, create_time)
     VALUES (?, ?, ?, ?, ?, 'PENDING', ?)`,
    [binaryId(id), binaryId(doctorId), number, region, expireDate || NO_EXPIRY, createTime],
  );
}

/** SQL condition: the licence is the doctor's verified licence for a region and number. */
const PREDECESSOR = "doctor_id = ? AND region = ? AND number_key = ? AND status = 'VERIFIED'";

/**
 * Sets the doctor's verified licence for the region and number of `row` to REPLACED, before `row` is
 * verified.
 *
 * @returns true if the replaced licence was valid longer than `row`
 */
export async function replaceVerified(tx: Transaction, row: LicenseRow, now: Date): Promise<boolean> {
  const values = [binaryId(row.doctorId), row.region, row.numberKey];
  const longer = `SELECT 1 FROM licenses WHERE ${PREDECESSOR} AND expire_date > ?`;
  const isShortened = (await tx.read(longer, [...values, dateOf(row.expireDate)])).length > 0;
  tx.defer(`UPDATE licenses SET status = 'REPLACED', decide_time = ? WHERE ${PREDECESSOR}`, [now, ...values]);
  return isShortened;
}

/**
 * Saves the verification of a licence, or of the new name of its doctor's account. Throws ER_DUP_ENTRY
 * (`licenses.one_verified_claim`) if another verified licence has the same region and number.
 */
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
