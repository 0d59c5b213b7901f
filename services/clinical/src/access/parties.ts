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

/** True if the user is the record's patient or doctor, in that role. */
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
 * Patient, doctor, or both, whose records a list shows. At least one is set, so that no list shows the
 * records of all patients.
 */
export type Scope = { patientId: string; doctorId?: string } | { patientId?: string; doctorId: string };
