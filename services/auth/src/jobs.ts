import type { Database } from "@medconnect/platform/db/database.ts";
import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Auth } from "./app.ts";
import { deleteExpiredLinkTokens } from "./links/link-token-store.ts";
import { deleteExpiredCounters } from "./lockouts/lockout-store.ts";
import { deleteExpiredMails } from "./mail/mail-store.ts";
import { deleteExpiredChallenges } from "./mfa/mfa-store.ts";
import { deleteExpiredRegistrations } from "./registration/registration-store.ts";
import { deleteExpiredRevocations } from "./revocations/revocation-store.ts";
import { endRotatedSecrets } from "./service-accounts/rotate-secret.ts";
import { deleteExpiredAssertions } from "./service-accounts/used-assertion-store.ts";
import { forgetSuccessors } from "./sessions/refresh-token-store.ts";
import { deleteExpiredSessions } from "./sessions/session-store.ts";

const SECRETS_MS = 1000;
const SUCCESSORS_MS = 1000;
const SWEEP_MS = 60_000;

export const jobsOf = (app: Auth): Job[] => [
  app.revocationsJob,
  app.keysJob,
  app.mailJob,
  new Job("end rotated secrets", SECRETS_MS, endRotatedSecrets(app), app.log),
  new Job("forget successors", SUCCESSORS_MS, () => forgetSuccessors(app.db, app.clock.now()), app.log),
  sweep(app, "mails", deleteExpiredMails),
  sweep(app, "failure counters", deleteExpiredCounters),
  sweep(app, "revocations", deleteExpiredRevocations),
  sweep(app, "sessions", deleteExpiredSessions),
  sweep(app, "link tokens", deleteExpiredLinkTokens),
  sweep(app, "registrations", deleteExpiredRegistrations),
  sweep(app, "MFA challenges", deleteExpiredChallenges),
  sweep(app, "used assertions", deleteExpiredAssertions),
];

/** Makes a job that deletes expired rows of one kind, such as mails. */
const sweep = (
  { db, clock, log }: Auth,
  rows: string,
  deleteExpired: (db: Database, now: Date, signal: AbortSignal) => Promise<void>,
): Job => new Job(`sweep ${rows}`, SWEEP_MS, (signal) => deleteExpired(db, clock.now(), signal), log);
