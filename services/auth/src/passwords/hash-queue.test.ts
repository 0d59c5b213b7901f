import { expect, test } from "@jest/globals";
import { HashQueue } from "./hash-queue.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Work that goes on until it is told to end. */
function hold() {
  let end = () => {};
  const held = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { held: () => held, end: () => end() };
}

test("lets so many run at once, so many wait, and refuses the rest", async () => {
  const hashQueue = new HashQueue({ atOnce: 2, waiting: 1 });
  const { held, end } = hold();
  let running = 0;
  const run = () =>
    hashQueue.run(NEVER, async () => {
      running += 1;
      await held();
    });
  const admitted = [run(), run(), run()];
  await expect(run()).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(running).toBe(2);
  end();
  await Promise.all(admitted);
  expect(running).toBe(3);
});

test("a place is free again after work that failed", async () => {
  const hashQueue = new HashQueue({ atOnce: 1, waiting: 0 });
  await expect(hashQueue.run(NEVER, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(hashQueue.run(NEVER, async () => "done")).resolves.toBe("done");
});

test("does not begin what nobody waits for any more", async () => {
  const hashQueue = new HashQueue({ atOnce: 1, waiting: 0 });
  await expect(hashQueue.run(Date.now() - 1, async () => "done")).rejects.toMatchObject({
    reason: "DEADLINE_EXCEEDED",
  });
});
