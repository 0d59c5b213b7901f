import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { feeColumns } from "../money/fee.ts";
import { type IndexedText, indexDoctor, lockIndexedText } from "../search-index/search-index-store.ts";
import type { Practice } from "./doctor-rules.ts";

/** Fields of a profile that its doctor writes. */
type Profile = Pick<Doctor, "id" | "specialty" | "bio" | "languages" | "timeZone" | "fee">;

/** Finds the facts that decide who sees a doctor. */
export async function findPractice(db: Database, doctorId: string): Promise<Practice | undefined> {
  const [row] = await db.read<Omit<Practice, "hidden"> & { hidden: number }>(
    "SELECT id, hidden, licensed_until AS licensedUntil FROM doctors WHERE id = ?",
    [binaryId(doctorId)],
  );
  return row && { ...row, hidden: row.hidden === 1 };
}

/** Locks doctors in id order. @returns the ids of the locked ones */
export async function lockDoctors(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.lock<{ id: string }>(
    "SELECT id FROM doctors WHERE id IN (?) ORDER BY id FOR UPDATE",
    [ids.map(binaryId)],
  );
  return rows.map(({ id }) => id);
}

/** Limits of a doctor's schedule that decide whether a slot can be booked. */
export interface BookingRules {
  /** Seconds. */
  minimumNotice: number;
  /** 0: no limit. */
  maxPerDay: number;
  maxPerWeek: number;
}

export function setBookingRules(tx: Transaction, doctorId: string, rules: BookingRules): void {
  tx.defer("UPDATE doctors SET minimum_notice = ?, max_per_day = ?, max_per_week = ? WHERE id = ?", [
    rules.minimumNotice,
    rules.maxPerDay,
    rules.maxPerWeek,
    binaryId(doctorId),
  ]);
}

/**
 * Inserts a profile with the name and state of the locked account. Throws ER_DUP_ENTRY (`doctors.PRIMARY`) if
 * the doctor already has a profile.
 */
export async function insertDoctor(tx: Transaction, doctor: Profile, now: Date): Promise<void> {
  const fee = feeColumns(doctor.fee);
  const id = binaryId(doctor.id);
  await tx.write(
    `INSERT INTO doctors (id, display_name, specialty, bio, languages, time_zone, fee_currency, fee_minor, hidden,
       version, create_time)
     SELECT ?, COALESCE((SELECT full_name FROM people WHERE user_id = ?), ''), ?, ?, ?, ?, ?, ?,
       COALESCE((SELECT disabled FROM people WHERE user_id = ?), FALSE), 1, ?`,
    [
      id,
      id,
      doctor.specialty,
      doctor.bio,
      JSON.stringify(doctor.languages),
      doctor.timeZone,
      fee.feeCurrency,
      fee.feeMinor,
      id,
      now,
    ],
  );
}

/**
 * Saves the fields of a profile that its doctor can change. The caller must have locked the profile's row.
 */
export function updateDoctor(tx: Transaction, doctor: Profile): void {
  const fee = feeColumns(doctor.fee);
  tx.defer(
    `UPDATE doctors SET specialty = ?, bio = ?, languages = ?, time_zone = ?, fee_currency = ?, fee_minor = ?,
       version = version + 1
     WHERE id = ?`,
    [
      doctor.specialty,
      doctor.bio,
      JSON.stringify(doctor.languages),
      doctor.timeZone,
      fee.feeCurrency,
      fee.feeMinor,
      binaryId(doctor.id),
    ],
  );
}

/** Writes the public name of an existing profile. */
export async function renameDoctor(tx: Transaction, id: string, name: string): Promise<void> {
  const doctor = await lockIndexedText(tx, id);
  if (doctor) writeName(tx, doctor, name);
}

function writeName(tx: Transaction, doctor: IndexedText, name: string): void {
  if (doctor.displayName === name) return;
  const sql = "UPDATE doctors SET display_name = ?, version = version + 1 WHERE id = ?";
  tx.defer(sql, [name, binaryId(doctor.id)]);
  indexDoctor(tx, { ...doctor, displayName: name });
}

/**
 * Copies the state of a doctor's locked account to the doctor's profile, if there is one. The account's name
 * is copied only until an admin has verified a licence. After that, the profile shows the verified name.
 *
 * @returns true if the profile was hidden or shown again
 */
export async function copyAccount(
  tx: Transaction,
  id: string,
  fullName: string,
  hidden: boolean,
): Promise<boolean> {
  const doctor = await lockIndexedText(tx, id);
  if (!doctor) return false;
  if (doctor.licensingVersion === 0) writeName(tx, doctor, fullName);
  const setHidden = "UPDATE doctors SET hidden = ? WHERE id = ? AND hidden <> ?";
  return (await tx.write(setHidden, [hidden, binaryId(id), hidden])).affectedRows > 0;
}
