import { expect, test } from "@jest/globals";
import { Turns } from "./turns.ts";

/** Starts a work that ends when told to. */
function start(turns: Turns, key: string) {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const work = { hasStarted: false, end, done: Promise.resolve() };
  work.done = turns.run(key, async () => {
    work.hasStarted = true;
    await promise;
  });
  return work;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("works of a key beyond the maximum wait in order, and works of others do not", async () => {
  const turns = new Turns(2);
  const works = [1, 2, 3, 4].map(() => start(turns, "one"));
  const other = start(turns, "other");
  await settle();
  expect(works.map(({ hasStarted }) => hasStarted)).toEqual([true, true, false, false]);
  expect(other.hasStarted).toBe(true);
  works[1]!.end();
  await works[1]!.done;
  await settle();
  expect(works.map(({ hasStarted }) => hasStarted)).toEqual([true, true, true, false]);
  for (const work of [...works, other]) work.end();
  await Promise.all(works.map(({ done }) => done));
});

test("a work that fails gives its turn on, and its error to its caller", async () => {
  const turns = new Turns(1);
  const failing = turns.run("one", () => Promise.reject(new Error("no")));
  const next = turns.run("one", async () => "ok");
  await expect(failing).rejects.toThrow("no");
  await expect(next).resolves.toBe("ok");
  await expect(turns.run("one", async () => "again")).resolves.toBe("again");
});
