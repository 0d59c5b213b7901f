import type { Database } from "@medconnect/platform/db/database.ts";
import { before, following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { limitOf, type Page } from "@medconnect/platform/page-token.ts";
import { etagOf } from "@medconnect/platform/update-mask.ts";
import type {
  Doctor,
  Doctor_Verification,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { type FeeColumns, feeColumns, feeOf } from "../money.ts";
import { canonicalLanguage, wordsOf } from "./doctor-rules.ts";

export interface DoctorRow extends FeeColumns {
  id: string;
  display_name: string;
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

const COLUMNS = `d.id, d.display_name, d.license_number, d.license_region, d.specialty, d.bio, d.languages,
  d.time_zone, d.fee_currency, d.fee_minor, d.verification, d.hidden, d.version, d.create_time,
  (SELECT s.start_time FROM slots s WHERE s.doctor_id = d.id AND s.start_time > ?
    AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?))
    ORDER BY s.start_time LIMIT 1) AS next_available_time`;

const HAS_OPEN_SLOT = `EXISTS (SELECT 1 FROM slots s WHERE s.doctor_id = d.id AND s.start_time >= ?
  AND s.start_time < ? AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?)))`;

const FAR = new Date("9000-01-01T00:00:00Z");

export async function findDoctor(db: Database, id: string, now: Date): Promise<DoctorRow | undefined> {
  const [row] = await db.read<DoctorRow>(`SELECT ${COLUMNS} FROM doctors d WHERE d.id = ?`, [now, now, id]);
  return row;
}

/** Doctors that match every filter; in the order asked for, from the page's position on. */
export async function searchDoctors(
  db: Database,
  request: SearchDoctorsRequest,
  page: Page,
  now: Date,
): Promise<DoctorRow[]> {
  const byTime = request.orderBy === "createTime desc";
  const { availableFrom, availableTo } = request;
  const from = availableFrom && availableFrom > now ? availableFrom : now;
  const { sql, params } = where(
    ["d.hidden = ?", false],
    ["d.specialty = ?", request.specialty || undefined],
    [
      "JSON_CONTAINS(d.languages, JSON_QUOTE(?))",
      request.language ? canonicalLanguage(request.language, "language") : undefined,
    ],
    ["d.license_region = ?", request.region || undefined],
    ["d.fee_minor <= ?", request.maxFeeMinor],
    availableFrom || availableTo ? [HAS_OPEN_SLOT, from, availableTo ?? FAR, now] : undefined,
    ...wordsOf(request.query).map(
      (word) => ["d.id IN (SELECT w.doctor_id FROM doctor_words w WHERE w.word LIKE ?)", `${word}%`] as const,
    ),
    byTime ? before("d.create_time", "d.id", page.after) : following("d.display_name", "d.id", page.after),
  );
  const order = byTime ? "d.create_time DESC, d.id DESC" : "d.display_name, d.id";
  return await db.read<DoctorRow>(`SELECT ${COLUMNS} FROM doctors d ${sql} ORDER BY ${order} LIMIT ?`, [
    now,
    now,
    ...params,
    limitOf(page),
  ]);
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

/** Makes the doctor be found by the words of the profile as it is now. */
export function indexWords(
  tx: Transaction,
  doctor: Pick<Doctor, "id" | "displayName" | "specialty" | "bio">,
): void {
  const words = wordsOf(`${doctor.displayName} ${doctor.specialty} ${doctor.bio}`);
  tx.defer("DELETE FROM doctor_words WHERE doctor_id = ?", [doctor.id]);
  // The column folds case and accents, so two words may be one to it.
  if (words.length > 0) {
    tx.defer("INSERT IGNORE INTO doctor_words (doctor_id, word) VALUES ?", [
      words.map((word) => [doctor.id, word]),
    ]);
  }
}

/** Copies what auth says of a doctor's account into the profile, if there is one. */
export async function copyAccount(
  tx: Transaction,
  id: string,
  fullName: string,
  hidden: boolean,
): Promise<void> {
  const [doctor] = await tx.read<Pick<DoctorRow, "specialty" | "bio">>(
    "SELECT specialty, bio FROM doctors WHERE id = ? FOR UPDATE",
    [id],
  );
  if (!doctor) return;
  tx.defer("UPDATE doctors SET display_name = ?, hidden = ? WHERE id = ?", [fullName, hidden, id]);
  indexWords(tx, { id, displayName: fullName, ...doctor });
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
