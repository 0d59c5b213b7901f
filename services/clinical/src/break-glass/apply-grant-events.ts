import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Clinical } from "../app.ts";
import { withProof } from "./grant-proof.ts";
import { assertPlausible } from "./grant-rules.ts";
import { type GrantRow, saveGrants } from "./grant-store.ts";

/**
 * break_glass.*: copies an admin's grant, so that reading a record needs no call to auth. Throws
 * INVALID_REQUEST for a grant that is too long or was made in the future.
 */
export const applyGrantEvents = ({
  clock,
  proofs,
  breakGlassMs,
}: Clinical): EventHandler<never, GrantRow> => ({
  decide: (_facts, event) => {
    const { aggregateId, occurTime } = event;
    const { adminId, patientId, endTime } = stateOf(event, "breakGlass");
    if (!occurTime || !endTime) throw new Error("a grant's event lacks a time");
    const limits = { maxMs: breakGlassMs, skewMs: CLOCK_SKEW_MS };
    assertPlausible({ occurTime, endTime }, limits, clock.now());
    return withProof(proofs, { id: aggregateId, adminId, patientId, endTime });
  },
  write: (tx, grants) => {
    saveGrants(tx, grants);
    return grants.map(() => []);
  },
});
