import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Clinical } from "../app.ts";
import { withProof } from "./grant-proof.ts";
import { assertPlausible } from "./grant-rules.ts";
import { saveGrants } from "./grant-store.ts";

/** break_glass.*: copies the grant, so that a read needs no call to auth. Throws INVALID_REQUEST for an implausible one. */
export const applyGrantEvents =
  ({ clock, proofs, breakGlassMs }: Clinical): EventHandler =>
  async (tx, events) => {
    const now = clock.now();
    const grants = events.map(({ aggregateId, occurTime, breakGlass }) => {
      const { adminId, patientId, endTime } = breakGlass!;
      assertPlausible({ occurTime: occurTime!, endTime: endTime! }, breakGlassMs, now);
      return withProof(proofs, { id: aggregateId, adminId, patientId, endTime: endTime! });
    });
    saveGrants(tx, grants);
    return [];
  };
