import type { UserCaller } from "@medconnect/platform/identity/caller.ts";

/** Patient and doctor of a consultation or prescription. */
export interface Parties {
  patientId: string;
  doctorId: string;
}

/** A record and the people to whom its encrypted texts are bound. */
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

/** Patient or doctor of a list's records. At least one is set, so no list covers all patients. */
export type Scope = { patientId: string; doctorId?: string } | { patientId?: string; doctorId: string };
