import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Clinical } from "../app.ts";
import { saveLicensings } from "./doctor-store.ts";

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
    saveLicensings(tx, licensings, clock.now());
    return [];
  };
