import { expect, test } from "@jest/globals";
import { createLogger } from "../telemetry/log.ts";
import { sweep } from "./sweep.ts";

const log = createLogger("test", "silent");

/** Sweeps things of which some always fail. @returns what is left, and how often was looked */
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

test.each([0, 1, 99, 100, 101, 250])("all of %d that are due are done", async (count) => {
  expect((await sweepAll(count, () => false)).left).toEqual([]);
});

test("those that fail are left, and hold up no other", async () => {
  expect((await sweepAll(250, (id) => id === "0" || id === "120")).left).toEqual(["0", "120"]);
});

test("once it is told to end, it begins no more", async () => {
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

test("also where more fail than are found at once, and are the most urgent", async () => {
  const { left } = await sweepAll(350, (id) => Number(id) < 250);
  expect(left).toHaveLength(250);
});

test("where everything fails, it ends", async () => {
  expect(await sweepAll(150, () => true)).toMatchObject({ looks: 2 });
  expect(await sweepAll(5000, () => true)).toMatchObject({ looks: 10 });
});
