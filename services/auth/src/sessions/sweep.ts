import { deleteExpiredRegistrations } from "../accounts/registration-store.ts";
import type { Auth } from "../app.ts";
import { deleteExpiredLinkTokens } from "../links/link-token-store.ts";
import { deleteExpiredCounters } from "../lockouts/lockout-store.ts";
import { deleteExpiredMails } from "../mail/mail-store.ts";
import { deleteExpiredChallenges } from "../mfa/mfa-store.ts";
import { deleteExpiredRevocations } from "./revocation-store.ts";
import { deleteExpiredSessions } from "./session-store.ts";

const SWEEPS = [
  deleteExpiredRevocations,
  deleteExpiredChallenges,
  deleteExpiredSessions,
  deleteExpiredMails,
  deleteExpiredLinkTokens,
  deleteExpiredRegistrations,
  deleteExpiredCounters,
];

/** Deletes what has expired and serves nobody any more. */
export const sweepExpired =
  (app: Auth) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.clock.now();
    for (const deleteExpired of SWEEPS) await deleteExpired(app.db, now, signal);
  };
