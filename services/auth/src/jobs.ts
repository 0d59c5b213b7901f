import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Auth } from "./app.ts";
import { endRotatedSecrets } from "./service-accounts/rotate-secret.ts";
import { forgetSuccessors } from "./sessions/session-store.ts";
import { sweepExpired } from "./sessions/sweep.ts";

const SECRETS_MS = 1000;
const SUCCESSORS_MS = 1000;
const SWEEP_MS = 60_000;

/** Auth's background jobs. */
export const jobsOf = (app: Auth): Job[] => [
  app.revocationsJob,
  app.keysJob,
  app.mailJob,
  new Job("end rotated secrets", SECRETS_MS, endRotatedSecrets(app), app.log),
  new Job("forget successors", SUCCESSORS_MS, () => forgetSuccessors(app.db, app.clock.now()), app.log),
  new Job("sweep sessions", SWEEP_MS, sweepExpired(app), app.log),
];
