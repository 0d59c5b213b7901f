import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Clinical } from "../app.ts";
import { lockLicensings, saveLicensings } from "./doctor-store.ts";

/** doctor.licensed: copies the licensing, so that a start needs no call to scheduling. */
export const applyDoctorEvents =
  ({ clock }: Clinical): EventHandler =>
  async (tx, events) => {
    const licensings = events.map(({ doctor }) => ({
      doctorId: doctor!.doctorId,
      licensedUntil: doctor!.licensedUntil || null,
      stopTime: doctor!.prescriptionsStopTime ?? null,
      stoppedBy: doctor!.prescriptionsStoppedBy || null,
    }));
    await lockLicensings(
      tx,
      licensings.map(({ doctorId }) => doctorId),
    );
    // Later than all prescriptions that were issued under the old licensing.
    saveLicensings(tx, licensings, clock.now());
    return [];
  };
