import { expect, test } from "@jest/globals";
import { HashQueue } from "./hash-queue.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** A task that runs until the test ends it. */
function endlessTask() {
  let end = () => {};
  const untilEnded = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { untilEnded: () => untilEnded, end: () => end() };
}

test("runs and queues tasks up to its limits, and refuses others", async () => {
  const hashQueue = new HashQueue({ atOnce: 2, waiting: 1 });
  const { untilEnded, end } = endlessTask();
  let running = 0;
  const run = () =>
    hashQueue.run(NEVER, async () => {
      running += 1;
      await untilEnded();
    });
  const admitted = [run(), run(), run()];
  await expect(run()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(running).toBe(2);
  end();
  await Promise.all(admitted);
  expect(running).toBe(3);
});

test("a failed task frees its slot", async () => {
  const hashQueue = new HashQueue({ atOnce: 1, waiting: 0 });
  await expect(hashQueue.run(NEVER, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(hashQueue.run(NEVER, async () => "done")).resolves.toBe("done");
});

test("does not start a task after its deadline", async () => {
  const hashQueue = new HashQueue({ atOnce: 1, waiting: 0 });
  await expect(hashQueue.run(Date.now() - 1, async () => "done")).rejects.toMatchObject({
    reason: "DEADLINE_EXCEEDED",
  });
});
