import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import type { Job } from "../jobs/jobs.ts";

/** Time in ms within which a job must have its effect. */
const WITHIN_MS = 20_000;
const POLL_MS = 5;

/** Prepares something for a job to do. @returns a function that tells whether the job has done it */
export type JobCase = () => Promise<() => boolean | Promise<boolean>>;

/**
 * Tests that each job of a service has an effect.
 *
 * @param cases test cases, by name of the job
 * @param jobs returns the jobs of the service; called after the service has started
 */
export function testJobs(cases: Record<string, JobCase>, jobs: () => readonly Job[]): void {
  test("every job of the service has a case here", () => {
    expect(
      jobs()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(cases).sort());
  });

  test.each(Object.entries(cases))("the job: %s", async (name, makeWork) => {
    const isDone = await makeWork();
    expect(await isDone()).toBe(false);
    const job = jobs().find((each) => each.name === name)!;
    const until = performance.now() + WITHIN_MS;
    job.kick();
    while (!(await isDone()) && performance.now() < until) await delay(POLL_MS);
    await job.stop();
    expect(await isDone()).toBe(true);
  });
}
