import { expect, test } from "@jest/globals";
import type { Logger } from "../telemetry/log.ts";
import { Job, type Work } from "./jobs.ts";

const NEVER_MS = 3_600_000;

/** Makes a job, and collects the errors that the job logs. By default, the job runs only when kicked. */
function jobOf(work: Work, everyMs = NEVER_MS) {
  const logged: unknown[] = [];
  const log = { warn: ({ err }: { err: unknown }) => logged.push(err) } as unknown as Logger;
  return { job: new Job("test", everyMs, work, log), logged };
}

test("a failure is logged, and the next turn retries", async () => {
  const failure = new Error("no");
  const { promise: isTriedAgain, resolve: triedAgain } = Promise.withResolvers<void>();
  let turns = 0;
  const { job, logged } = jobOf(async () => {
    turns += 1;
    if (turns === 1) throw failure;
    triedAgain();
  }, 1);
  job.start();
  await isTriedAgain;
  await job.stop();
  expect(logged).toEqual([failure]);
});

test("a stop aborts the running work, which is not logged as a failure", async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const { job, logged } = jobOf(async (signal) => {
    start();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  });
  job.kick();
  await started;
  await job.stop();
  expect(logged).toEqual([]);
});

test("a job that is kicked while it runs, runs once more", async () => {
  let turns = 0;
  const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
  const { job } = jobOf(async () => {
    turns += 1;
    if (turns === 1) for (let i = 0; i < 3; i++) job.kick();
    else done();
  });
  job.kick();
  await isDone;
  await job.stop();
  expect(turns).toBe(2);
});

test("run resolves after a run that began later, and tells whether it succeeded", async () => {
  const outcomes = [undefined, new Error("no"), undefined];
  const { promise: isToGoOn, resolve: goOn } = Promise.withResolvers<void>();
  const { job } = jobOf(async () => {
    const isFirst = outcomes.length === 3;
    const error = outcomes.shift();
    if (isFirst) await isToGoOn;
    if (error) throw error;
  });
  job.kick();
  const second = job.run();
  goOn();
  expect(await second).toBe(false);
  expect(await job.run()).toBe(true);
  await job.stop();
  expect(outcomes).toEqual([]);
});

test("a stopped job does not start again", async () => {
  let turns = 0;
  const { job } = jobOf(async () => {
    turns += 1;
  });
  job.start();
  await job.stop();
  job.kick();
  expect(turns).toBe(0);
});
