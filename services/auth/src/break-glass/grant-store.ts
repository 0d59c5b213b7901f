import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { BreakGlassGrant_Status } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import type { Grant } from "./grant.ts";

/** Filters of the list of grants. An undefined filter matches every grant. */
export interface GrantFilter {
  readonly adminId: string | undefined;
  readonly patientId: string | undefined;
  readonly status: BreakGlassGrant_Status | undefined;
}

const COLUMNS = `id, admin_id AS adminId, patient_id AS patientId, reason, create_time AS createTime,
  expire_time AS expireTime, revoke_time AS revokeTime`;
const SELECT = `SELECT ${COLUMNS} FROM break_glass_grants`;
/** SQL expression for the status that `statusAt` returns. Its placeholder is the current time. */
const STATUS_AT = "IF(revoke_time IS NOT NULL, 'REVOKED', IF(expire_time <= ?, 'EXPIRED', 'ACTIVE'))";
const INSERT = `INSERT INTO break_glass_grants (id, admin_id, patient_id, reason, create_time, expire_time)
  VALUES (?, ?, ?, ?, ?, ?)`;
const REVOKE = "UPDATE break_glass_grants SET revoke_time = ? WHERE id = ?";

export function insertGrant(tx: Transaction, grant: Grant): void {
  const { id, adminId, patientId, reason, createTime, expireTime } = grant;
  tx.defer(INSERT, [binaryId(id), binaryId(adminId), binaryId(patientId), reason, createTime, expireTime]);
}

export async function findGrant(db: Database, id: string): Promise<Grant | undefined> {
  const [grant] = await db.read<Grant>(`${SELECT} WHERE id = ?`, [binaryId(id)]);
  return grant;
}

export async function lockGrant(tx: Transaction, id: string): Promise<Grant | undefined> {
  const [grant] = await tx.read<Grant>(`${SELECT} WHERE id = ? FOR UPDATE`, [binaryId(id)]);
  return grant;
}

/** Locks an admin's active grants until the transaction ends. */
export async function lockActiveGrantsOf(tx: Transaction, adminId: string, now: Date): Promise<Grant[]> {
  return await tx.read<Grant>(
    `${SELECT} WHERE admin_id = ? AND revoke_time IS NULL AND expire_time > ? ORDER BY id FOR UPDATE`,
    [binaryId(adminId), now],
  );
}

export function setRevoked(tx: Transaction, id: string, now: Date): void {
  tx.defer(REVOKE, [now, binaryId(id)]);
}

/**
 * Lists a page of the grants that match all filters, newest first. The statement may scan the table if a
 * filter uses a column that is not in the forced index.
 */
export async function listGrants(db: Database, filter: GrantFilter, page: Page, now: Date): Promise<Grant[]> {
  const { adminId, patientId, status } = filter;
  const { sql, params } = where(
    ["admin_id = ?", binaryId(adminId)],
    ["patient_id = ?", binaryId(patientId)],
    [`${STATUS_AT} = ?`, now, status],
    before("create_time", "id", page.after),
  );
  const column = patientId ? "patient" : adminId ? "admin" : "time";
  const isKeyed = status === undefined && !(adminId && patientId);
  return await db[isKeyed ? "read" : "scan"]<Grant>(
    `SELECT ${COLUMNS} FROM break_glass_grants FORCE INDEX (break_glass_grants_${column}) ${sql}
     ORDER BY create_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}
