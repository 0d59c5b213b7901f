import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import type { CalendarDate } from "@medconnect/platform/time/calendar-date.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { License } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { shownDate } from "../licenses/license-rules.ts";
import { type FeeColumns, feeOf } from "../money/fee.ts";

export interface ProfileRow extends FeeColumns {
  id: string;
  displayName: string;
  /** Sort key of profiles: first bytes of the name, folded to ignore case and accents. */
  nameKey: Buffer;
  specialty: string;
  bio: string;
  languages: string[];
  timeZone: string;
  hidden: boolean;
  licensedUntil: Date | null;
  /** Null if the doctor has no pending or verified licence. */
  licenses: ProfileLicense[] | null;
  version: number;
  nextAvailableTime: Date | null;
  createTime: Date;
}

/** A pending or verified licence, as an element of the JSON array in a `ProfileRow`. */
interface ProfileLicense {
  id: string;
  number: string;
  region: string;
  expireDate: CalendarDate;
  status: "PENDING" | "VERIFIED";
  decideTime: string | null;
  createTime: string;
}

/** Converts a row to the profile that its doctor sees, with pending and verified licences. */
export const toOwnProfile = (row: ProfileRow, now: Date): Doctor => ({
  id: row.id,
  displayName: row.displayName,
  specialty: row.specialty,
  bio: row.bio,
  languages: row.languages,
  timeZone: row.timeZone,
  fee: feeOf(row),
  nextAvailableTime: row.nextAvailableTime ?? undefined,
  createTime: row.createTime,
  etag: etagOf(row.version),
  practising: isPractising(row, now),
  licenses: licensesOf(row).map((license) => toProfileLicense(row.id, license)),
});

/** Converts a row to the profile that users other than its doctor see, with verified licences only. */
export function toPublicProfile(row: ProfileRow, now: Date): Doctor {
  const doctor = toOwnProfile(row, now);
  return { ...doctor, licenses: doctor.licenses.filter(({ status }) => status === "VERIFIED") };
}

/**
 * Sorts the licences of a profile, oldest first, because MySQL aggregates JSON arrays in no particular order.
 */
const licensesOf = ({ licenses }: ProfileRow): ProfileLicense[] =>
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
