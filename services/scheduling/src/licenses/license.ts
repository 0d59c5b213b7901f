import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { License } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { type StoredStatus, shownDate, statusOn } from "./license-rules.ts";

export interface LicenseRow {
  id: string;
  doctorId: string;
  number: string;
  /** Letters and digits of the number in upper case, for comparing numbers. */
  numberKey: string;
  region: string;
  expireDate: Date;
  status: StoredStatus;
  /** Encrypted; null without a reason. */
  rejectReason: Buffer | null;
  decideTime: Date | null;
  createTime: Date;
  /** Name of the doctor's account at the last verification; null before the first verification. */
  verifiedName: string | null;
}

/**
 * Encryption context of the reason for a rejection or revocation. The context contains the doctor's id, so
 * the reason cannot be decrypted in the row of another doctor.
 */
export const rejectReasonContext = ({ id, doctorId }: Pick<LicenseRow, "id" | "doctorId">): string =>
  `licenses.reject_reason:${id}:${doctorId}`;

/**
 * Decrypts the reason of a rejection or revocation; "" without one. A licence with another status has no
 * reason, unless somebody altered the database. The added reason is not decrypted, because a failure would
 * prevent the decision about the licence.
 */
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
