import { expect, test } from "@jest/globals";
import { createLogger } from "../telemetry/log.ts";
import { sweep } from "./sweep.ts";

const log = createLogger("test", "silent");

/** Sweeps `count` items. Bad items fail each time. @returns the items left, and the number of searches */
async function sweepAll(count: number, isBad: (id: string) => boolean) {
  const due = new Set(Array.from({ length: count }, (_, i) => `${i}`));
  let looks = 0;
  const find = async (limit: number) => {
    looks += 1;
    return [...due].slice(0, limit);
  };
  const work = async (id: string) => {
    if (isBad(id)) throw new Error("bad");
    due.delete(id);
  };
  await sweep({ find, work, failure: "is not done" }, log);
  return { left: [...due], looks };
}

test.each([0, 1, 99, 100, 101, 250])("all of %d due items are processed", async (count) => {
  expect((await sweepAll(count, () => false)).left).toEqual([]);
});

test("failed items are left and block no other", async () => {
  expect((await sweepAll(250, (id) => id === "0" || id === "120")).left).toEqual(["0", "120"]);
});

test("an aborted sweep starts no further item", async () => {
  const stopping = new AbortController();
  const done: string[] = [];
  const work = async (id: string) => {
    if (done.push(id) === 2) stopping.abort();
  };
  const find = async () => ["0", "1", "2"];
  const swept = sweep({ find, work, failure: "is not done", signal: stopping.signal }, log);
  await expect(swept).rejects.toMatchObject({ name: "AbortError" });
  expect(done).toEqual(["0", "1"]);
});

test("all other items are processed, even if more than a batch of the most urgent ones fail", async () => {
  const { left } = await sweepAll(350, (id) => Number(id) < 250);
  expect(left).toHaveLength(250);
});

test("a sweep stops if every item fails", async () => {
  expect(await sweepAll(150, () => true)).toMatchObject({ looks: 2 });
  expect(await sweepAll(5000, () => true)).toMatchObject({ looks: 10 });
});
