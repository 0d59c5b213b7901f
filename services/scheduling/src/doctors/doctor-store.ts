import type { Database, SqlValue } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { etagOf } from "@medconnect/platform/update-mask.ts";
import type {
  Doctor,
  Doctor_Verification,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { type FeeColumns, feeColumns, feeOf } from "../money.ts";
import { indexDoctor, lockIndexedText } from "./search-index-store.ts";

export interface DoctorRow extends FeeColumns {
  id: string;
  display_name: string;
  /** Beginning of the folded name. */
  name_key: Buffer;
  license_number: string;
  license_region: string;
  specialty: string;
  bio: string;
  languages: string[];
  time_zone: string;
  verification: Doctor_Verification;
  hidden: number;
  version: number;
  next_available_time: Date | null;
  create_time: Date;
}

/** Columns of a `DoctorRow`; take `columnValues`. */
export const COLUMNS = `d.id, d.display_name, d.name_key, d.license_number, d.license_region, d.specialty, d.bio, d.languages,
  d.time_zone, d.fee_currency, d.fee_minor, d.verification, d.hidden, d.version, d.create_time,
  (SELECT s.start_time FROM slots s WHERE s.doctor_id = d.id AND s.start_time > ?
    AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?))
    ORDER BY s.start_time LIMIT 1) AS next_available_time`;
export const columnValues = (now: Date): SqlValue[] => [now, now];

export async function findDoctor(db: Database, id: string, now: Date): Promise<DoctorRow | undefined> {
  const [row] = await db.read<DoctorRow>(`SELECT ${COLUMNS} FROM doctors d WHERE d.id = ?`, [
    ...columnValues(now),
    id,
  ]);
  return row;
}

/** Throws ER_DUP_ENTRY on `doctors.PRIMARY` or `doctors.license_number`. */
export async function insertDoctor(tx: Transaction, doctor: Doctor, now: Date): Promise<void> {
  const fee = feeColumns(doctor.fee);
  await tx.write(
    `INSERT INTO doctors (id, display_name, license_number, license_region, specialty, bio, languages, time_zone,
       fee_currency, fee_minor, verification, hidden, version, create_time)
     SELECT ?, COALESCE((SELECT full_name FROM people WHERE user_id = ?), ''), ?, ?, ?, ?, ?, ?, ?, ?, 'PENDING',
       COALESCE((SELECT disabled FROM people WHERE user_id = ?), FALSE), 1, ?`,
    [
      doctor.id,
      doctor.id,
      doctor.licenseNumber,
      doctor.licenseRegion,
      doctor.specialty,
      doctor.bio,
      JSON.stringify(doctor.languages),
      doctor.timeZone,
      fee.fee_currency,
      fee.fee_minor,
      doctor.id,
      now,
    ],
  );
}

/** @returns whether the profile still had this version */
export async function updateDoctor(tx: Transaction, doctor: Doctor, version: number): Promise<boolean> {
  const fee = feeColumns(doctor.fee);
  const { affectedRows } = await tx.write(
    `UPDATE doctors SET specialty = ?, bio = ?, languages = ?, time_zone = ?, fee_currency = ?, fee_minor = ?,
       version = version + 1
     WHERE id = ? AND version = ?`,
    [
      doctor.specialty,
      doctor.bio,
      JSON.stringify(doctor.languages),
      doctor.timeZone,
      fee.fee_currency,
      fee.fee_minor,
      doctor.id,
      version,
    ],
  );
  return affectedRows === 1;
}

/** Copies what auth says of a doctor's account into the profile, if there is one. */
export async function copyAccount(
  tx: Transaction,
  id: string,
  fullName: string,
  hidden: boolean,
): Promise<void> {
  const doctor = await lockIndexedText(tx, id);
  if (!doctor) return;
  tx.defer("UPDATE doctors SET display_name = ?, hidden = ? WHERE id = ?", [fullName, hidden, id]);
  indexDoctor(tx, { ...doctor, display_name: fullName });
}

export const toDoctor = (row: DoctorRow): Doctor => ({
  id: row.id,
  displayName: row.display_name,
  licenseNumber: row.license_number,
  licenseRegion: row.license_region,
  specialty: row.specialty,
  bio: row.bio,
  languages: row.languages,
  timeZone: row.time_zone,
  fee: feeOf(row),
  verification: row.verification,
  nextAvailableTime: row.next_available_time ?? undefined,
  createTime: row.create_time,
  etag: etagOf(row.version),
});
