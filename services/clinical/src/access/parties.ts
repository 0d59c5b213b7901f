import type { UserCaller } from "@medconnect/platform/identity/caller.ts";

/** Patient and doctor of a consultation or prescription. */
export interface Parties {
  patientId: string;
  doctorId: string;
}

/** A record by its id, and the people who may read its texts. */
export interface Owned extends Parties {
  id: string;
}

/** Whether a clinical record is the user's own: as its patient or its doctor, and nobody else's. */
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

/** Patient or doctor of a list's records. At least one is set, so that no list covers everybody. */
export type Scope = { patientId: string; doctorId?: string } | { patientId?: string; doctorId: string };
