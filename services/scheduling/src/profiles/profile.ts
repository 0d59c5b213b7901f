import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { License } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { shownDate } from "../licenses/license-rules.ts";
import { feeOf } from "../money/fee.ts";
import type { ProfileLicense, ProfileRow } from "./profile-store.ts";

/** The profile for its doctor: with all pending and verified licences. */
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

/** The profile for everybody else: with verified licences only. */
export function toPublicProfile(row: ProfileRow, now: Date): Doctor {
  const doctor = toOwnProfile(row, now);
  return { ...doctor, licenses: doctor.licenses.filter(({ status }) => status === "VERIFIED") };
}

/** Oldest first, because MySQL's JSON arrays have no order. */
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
