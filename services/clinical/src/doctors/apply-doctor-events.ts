import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Licensing, lockLicensings, saveLicensings } from "./doctor-store.ts";

/**
 * doctor.licensed: copies a doctor's licensing and public name, so that starting a consultation and
 * prescribing need no call to scheduling.
 */
export const applyDoctorEvents: EventHandler<Licensing, Licensing> = {
  lock: async (tx, events) => {
    const licensings = events.map(licensingOf);
    await lockLicensings(
      tx,
      licensings.map(({ doctorId }) => doctorId),
    );
    return licensings;
  },
  decide: (licensing) => licensing,
  write: (tx, licensings, now) => {
    // The licensings are locked. So all prescriptions issued under the old licensings are committed, and
    // their issue times are earlier than `now`.
    saveLicensings(tx, licensings, now);
    return licensings.map(() => []);
  },
};

function licensingOf(event: Event): Licensing {
  const doctor = stateOf(event, "doctor");
  return {
    doctorId: doctor.doctorId,
    licensedUntil: doctor.licensedUntil || null,
    stopTime: doctor.prescriptionsStopTime ?? null,
    stoppedBy: doctor.prescriptionsStoppedBy || null,
    displayName: doctor.displayName || null,
  };
}
