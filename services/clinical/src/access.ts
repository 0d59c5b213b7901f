import type { UserCaller } from "@medconnect/platform/identity/caller.ts";

/** Whose a consultation or prescription is. */
export interface Parties {
  patient_id: string;
  doctor_id: string;
}

/** Whether a clinical record is the user's own: as its patient or its doctor, and nobody else's. */
export function isOwn({ role, userId }: UserCaller, record: Parties): boolean {
  switch (role) {
    case "PATIENT":
      return record.patient_id === userId;
    case "DOCTOR":
      return record.doctor_id === userId;
    case "ADMIN":
      return false;
  }
}

/** Whose records a list shows. One is set at least, so that no list is ever of everybody's. */
export type Scope = { patientId: string; doctorId?: string } | { patientId?: string; doctorId: string };
