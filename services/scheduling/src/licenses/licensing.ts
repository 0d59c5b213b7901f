import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import { v5 } from "uuid";
import type { LicenseRow } from "./license.ts";
import type { Decision } from "./license-rules.ts";

/** State of a doctor that other services need: last licensed day, public name, and stop of prescriptions. */
export interface LicensingRow {
  id: string;
  displayName: string;
  licensedUntil: Date | null;
  licensingVersion: number;
  prescriptionsStopTime: Date | null;
  prescriptionsStoppedBy: string | null;
}

/** Namespace of the UUIDs that `licensingIdOf` derives (RFC 9562 §5.5). The value was chosen at random. */
const LICENSINGS = "5f0f5a3e-6c0e-4a53-8f0b-0d9f6f1d7a11";

/**
 * Aggregate id of the events about a doctor's licensing. This id differs from the user id, because auth's
 * events about the account use the user id, and each aggregate has its own sequence of versions.
 */
const licensingIdOf = (doctorId: string): string => v5(doctorId, LICENSINGS);

/** Builds the event with a doctor's last licensed day, public name and stop of prescriptions. */
export const licensingEvent = (row: LicensingRow): NewEvent => ({
  type: "doctor.licensed",
  aggregateId: licensingIdOf(row.id),
  version: row.licensingVersion,
  state: {
    $case: "doctor",
    value: {
      doctorId: row.id,
      displayName: row.displayName,
      licensedUntil: row.licensedUntil ? dateOf(row.licensedUntil) : "",
      prescriptionsStopTime: row.prescriptionsStopTime ?? undefined,
      prescriptionsStoppedBy: row.prescriptionsStoppedBy ?? "",
    },
  },
});

/**
 * Builds the event of a decision about a licence, after which auth sends the doctor a mail. A licence has at
 * most two decisions, and the second is a revocation. The verification of a new name is not a decision,
 * because the licence stays VERIFIED.
 */
export const decisionEvent = ({ id, doctorId, region }: LicenseRow, decision: Decision): NewEvent => ({
  type: "license.decided",
  aggregateId: id,
  version: decision === "REVOKED" ? 2 : 1,
  state: { $case: "license", value: { doctorId, decision, region } },
});
