import type { Job } from "../jobs/jobs.ts";
import type { BusinessClock } from "../time/clock.ts";
import { SandboxClock } from "../time/sandbox-clock.ts";

/** Paths at the ops server of a process. `npm run clock` posts to both, one after the other. */
export const RELOAD_PATH = "/sandbox-clock/reload";
export const RUN_JOBS_PATH = "/sandbox-clock/run-jobs";

/**
 * Actions with which a process follows the sandbox clock; none without a sandbox. They take no arguments: to
 * move the time, a caller must be able to write the clock's file.
 */
export const sandboxActions = (
  clock: BusinessClock,
  jobs: readonly Job[],
): Record<string, () => Promise<object>> =>
  clock instanceof SandboxClock
    ? {
        [RELOAD_PATH]: async () => {
          clock.reload();
          return { businessTime: clock.now() };
        },
        [RUN_JOBS_PATH]: async () => ({ failedJobs: await runAll(jobs) }),
      }
    : {};

/** Runs each job once. @returns the names of those that failed */
async function runAll(jobs: readonly Job[]): Promise<string[]> {
  const hasSucceeded = await Promise.all(jobs.map((job) => job.run()));
  return jobs.filter((_, i) => !hasSucceeded[i]).map(({ name }) => name);
}
