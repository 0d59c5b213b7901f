import type { UserCaller } from "@medconnect/platform/identity/caller.ts";

/** Patient and doctor of a consultation or prescription. */
export interface Parties {
  patientId: string;
  doctorId: string;
}

/** Ids of a record, its patient and its doctor. All are part of the encryption context of its texts. */
export interface Owned extends Parties {
  id: string;
}

/** True if the user is a patient and the record's patient, or a doctor and the record's doctor. */
export function isOwn({ role, userId }: UserCaller, record: Parties): boolean {
  switch (role) {
    case "PATIENT":
      return record.patientId === userId;
    case "DOCTOR":
      return record.doctorId === userId;
    case "ADMIN":
      return false;
  }
}

/**
 * Filter of a list: the records of a patient, of a doctor, or of a patient with a doctor. At least one of the
 * ids is set, so that no list shows the records of all patients.
 */
export type Scope = { patientId: string; doctorId?: string } | { patientId?: string; doctorId: string };
