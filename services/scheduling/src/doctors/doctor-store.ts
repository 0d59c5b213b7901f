import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { License } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { shownDate } from "../licenses/license-rules.ts";
import { type FeeColumns, feeColumns, feeOf } from "../money.ts";
import { bookableFilter, IS_BOOKABLE, IS_BOOKABLE_IN_REGION } from "../slots/bookable.ts";
import { isPractising } from "./doctor-rules.ts";
import { type IndexedText, indexDoctor, lockIndexedText } from "./search-index-store.ts";

export interface DoctorRow extends FeeColumns {
  id: string;
  display_name: string;
  /** Beginning of the folded name. */
  name_key: Buffer;
  specialty: string;
  bio: string;
  languages: string[];
  time_zone: string;
  hidden: number;
  licensed_until: Date | null;
  /** Null if the doctor has none. */
  licenses: ProfileLicense[] | null;
  version: number;
  next_available_time: Date | null;
  create_time: Date;
}

/** A licence that is pending or verified, as JSON in a doctor's row. */
interface ProfileLicense {
  id: string;
  number: string;
  region: string;
  expireDate: CalendarDate;
  status: "PENDING" | "VERIFIED";
  decideTime: string | null;
  createTime: string;
}

/** Fields of a profile that its doctor writes. */
type Profile = Pick<Doctor, "id" | "specialty" | "bio" | "languages" | "timeZone" | "fee">;

const JSON_TIME = "'%Y-%m-%dT%H:%i:%s.%fZ'";
/**
 * Columns of a `DoctorRow`. Take the day, and the values of the condition of a bookable slot. The next slot is ordered by the whole
 * key: MySQL does not infer that slots read by an outer reference are sorted, and would sort all free slots of each doctor.
 */
const columnsWith = (
  isBookable: string,
): string => `d.id, d.display_name, d.name_key, d.specialty, d.bio, d.languages,
  d.time_zone, d.fee_currency, d.fee_minor, d.hidden, d.licensed_until, d.version, d.create_time,
  (SELECT JSON_ARRAYAGG(JSON_OBJECT('id', BIN_TO_UUID(l.id), 'number', l.number, 'region', l.region, 'expireDate', l.expire_date,
      'status', l.status, 'decideTime', DATE_FORMAT(l.decide_time, ${JSON_TIME}),
      'createTime', DATE_FORMAT(l.create_time, ${JSON_TIME})))
    FROM licenses l WHERE l.doctor_id = d.id AND l.status IN ('PENDING', 'VERIFIED') AND l.expire_date >= ?) AS licenses,
  (SELECT s.start_time FROM slots s WHERE s.doctor_id = d.id AND ${isBookable}
    ORDER BY s.doctor_id, s.offer, s.start_time LIMIT 1) AS next_available_time`;

const COLUMNS = columnsWith(IS_BOOKABLE);
const COLUMNS_IN_REGION = columnsWith(IS_BOOKABLE_IN_REGION);

/** SQL of a `DoctorRow`; its next available time is for patients of the region, or of any region. */
export function doctorColumns(now: Date, region?: string): { sql: string; params: SqlValue[] } {
  const [, ...params] = bookableFilter(now, region) as [string, ...SqlValue[]];
  return { sql: region === undefined ? COLUMNS : COLUMNS_IN_REGION, params: [dateOf(now), ...params] };
}

/** @param region as in `doctorColumns` */
export async function findDoctor(
  db: Database,
  id: string,
  now: Date,
  region?: string,
): Promise<DoctorRow | undefined> {
  const { sql, params } = doctorColumns(now, region);
  const [row] = await db.read<DoctorRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ?`, [
    ...params,
    binaryId(id),
  ]);
  return row;
}

/** Same as `findDoctor`, and locks the profile until the transaction ends. */
export async function lockDoctor(tx: Transaction, id: string, now: Date): Promise<DoctorRow | undefined> {
  const { sql, params } = doctorColumns(now);
  const [row] = await tx.read<DoctorRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ? FOR UPDATE OF d`, [
    ...params,
    binaryId(id),
  ]);
  return row;
}

/** Copies name and visibility from the locked account. Throws ER_DUP_ENTRY on `doctors.PRIMARY`. */
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
      fee.fee_currency,
      fee.fee_minor,
      id,
      now,
    ],
  );
}

/** Writes the doctor's fields of a locked profile. */
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
      fee.fee_currency,
      fee.fee_minor,
      binaryId(doctor.id),
    ],
  );
}

/** Writes the public name into the profile. */
export async function renameDoctor(tx: Transaction, id: string, name: string): Promise<void> {
  writeName(tx, (await lockIndexedText(tx, id))!, name);
}

/** A new name is a new version of the profile. */
function writeName(tx: Transaction, doctor: IndexedText, name: string): void {
  if (doctor.display_name === name) return;
  const sql = "UPDATE doctors SET display_name = ?, version = version + 1 WHERE id = ?";
  tx.defer(sql, [name, binaryId(doctor.id)]);
  indexDoctor(tx, { ...doctor, display_name: name });
}

/**
 * Copies visibility from a doctor's locked account into the profile, if there is one, and the name until an admin verifies one.
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
  if (doctor.licensing_version === 0) writeName(tx, doctor, fullName);
  const setHidden = "UPDATE doctors SET hidden = ? WHERE id = ? AND hidden <> ?";
  return (await tx.write(setHidden, [hidden, binaryId(id), hidden])).affectedRows > 0;
}

/** The profile for its doctor: with all pending and verified licences. */
export const toOwnDoctor = (row: DoctorRow, now: Date): Doctor => ({
  id: row.id,
  displayName: row.display_name,
  specialty: row.specialty,
  bio: row.bio,
  languages: row.languages,
  timeZone: row.time_zone,
  fee: feeOf(row),
  nextAvailableTime: row.next_available_time ?? undefined,
  createTime: row.create_time,
  etag: etagOf(row.version),
  practising: isPractising(row, now),
  licenses: licensesOf(row).map((license) => toProfileLicense(row.id, license)),
});

/** The profile for everybody else: with verified licences only. */
export function toPublicDoctor(row: DoctorRow, now: Date): Doctor {
  const doctor = toOwnDoctor(row, now);
  return { ...doctor, licenses: doctor.licenses.filter(({ status }) => status === "VERIFIED") };
}

/** Oldest first, because MySQL's JSON arrays have no order. */
const licensesOf = ({ licenses }: DoctorRow): ProfileLicense[] =>
  (licenses ?? []).toSorted((a, b) => compare(a.createTime, b.createTime) || compare(a.id, b.id));

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const toProfileLicense = (doctorId: string, license: ProfileLicense): License => ({
  ...license,
  doctorId,
  expireDate: shownDate(license.expireDate),
  rejectReason: "",
  decideTime: license.decideTime ? new Date(license.decideTime) : undefined,
  createTime: new Date(license.createTime),
});
