import type { UserCaller } from "@medconnect/platform/identity/caller.ts";

/** Whose a consultation or prescription is. */
interface Parties {
  patient_id: string;
  doctor_id: string;
}

/** Whether a clinical record is the user's to know of: as its patient or its doctor, and nobody else's. */
export function mayRead({ role, userId }: UserCaller, record: Parties): boolean {
  switch (role) {
    case "PATIENT":
      return record.patient_id === userId;
    case "DOCTOR":
      return record.doctor_id === userId;
    case "ADMIN":
      return false;
  }
}

/** Whose records a list shows. Exactly one is set, so that no list is ever of everybody's. */
export type Scope = { patientId: string; doctorId?: never } | { patientId?: never; doctorId: string };

/** The records that a list may show the user. */
export const scopeOf = ({ role, userId }: UserCaller): Scope =>
  role === "DOCTOR" ? { doctorId: userId } : { patientId: userId };
