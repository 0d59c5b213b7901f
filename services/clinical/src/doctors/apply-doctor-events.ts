import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import { saveLicensings } from "./doctor-store.ts";

/** doctor.licensed: the licensing is copied, so that a start needs no call to scheduling. */
export const applyDoctorEvents: EventHandler = async (tx, events) => {
  const licensings = events.map(({ doctor }) => ({
    doctorId: doctor!.doctorId,
    licensedUntil: doctor!.licensedUntil || null,
  }));
  saveLicensings(tx, licensings);
  return [];
};
