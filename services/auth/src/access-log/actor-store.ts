import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Actor } from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import type { Grant } from "../break-glass/grant.ts";

const ACTORS = `SELECT id AS userId, full_name AS displayName, role FROM users
  WHERE id IN (?) AND (role IN ('DOCTOR', 'ADMIN') OR id = ?)`;
const REASONS = `SELECT id, admin_id AS adminId, patient_id AS patientId, reason FROM break_glass_grants
  WHERE id IN (?) AND patient_id = ?`;

/**
 * Finds the names and roles of users by id, for a patient. Returns only doctors, admins and the patient;
 * other patients are left out.
 */
export async function findActors(tx: Transaction, ids: string[], patientId: string): Promise<Actor[]> {
  return ids.length === 0 ? [] : await tx.read<Actor>(ACTORS, [ids.map(binaryId), binaryId(patientId)]);
}

/** Finds the encrypted reasons of grants by id. Returns only grants for this patient's records. */
export async function findReasons(
  tx: Transaction,
  grantIds: string[],
  patientId: string,
): Promise<Pick<Grant, "id" | "adminId" | "patientId" | "reason">[]> {
  return grantIds.length === 0 ? [] : await tx.read(REASONS, [grantIds.map(binaryId), binaryId(patientId)]);
}
