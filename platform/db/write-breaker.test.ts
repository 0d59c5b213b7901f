import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { eventually } from "../../test/support/eventually.ts";
import { ApiError } from "../errors/api-error.ts";
import { timeoutError, translate } from "./errors.ts";
import { WriteBreaker } from "./write-breaker.ts";

const hangs = async () => {
  throw new ApiError("UNAVAILABLE", { cause: timeoutError() });
};
const findsNoSpace = async () => {
  throw translate(Object.assign(new Error("The table 'outbox' is full"), { errno: 1114 }));
};
const refuses = async () => {
  throw new ApiError("NOT_FOUND");
};
const neverEnds = () => new Promise<void>(() => {});
const fails = (breaker: WriteBreaker, work: () => Promise<unknown>) =>
  expect(breaker.run(work)).rejects.toBeInstanceOf(ApiError);

async function opened(probe: () => Promise<void> = neverEnds): Promise<WriteBreaker> {
  const breaker = new WriteBreaker(probe);
  await fails(breaker, hangs);
  return breaker;
}

test("a time-out opens it, unless a change was committed since the transaction began", async () => {
  const breaker = new WriteBreaker(neverEnds);
  const slow = async () => {
    breaker.noteChange();
    await hangs();
  };
  for (let i = 0; i < 9; i++) await fails(breaker, slow);
  expect(breaker.isOpen).toBe(false);
  await fails(breaker, hangs);
  expect(breaker.isOpen).toBe(true);
});

test("a statement that finds the disk full opens it", async () => {
  const breaker = new WriteBreaker(neverEnds);
  await expect(breaker.run(findsNoSpace)).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(breaker.isOpen).toBe(true);
});

test("refusals and other errors do not open it", async () => {
  const breaker = new WriteBreaker(neverEnds);
  for (let i = 0; i < 9; i++) await fails(breaker, refuses);
  expect(breaker.isOpen).toBe(false);
});

test("while it is open, no transaction begins, and one probe runs; a change that it commits closes it", async () => {
  const probed = Promise.withResolvers<void>();
  let probes = 0;
  const breaker = new WriteBreaker(() => {
    probes += 1;
    return probed.promise;
  });
  await Promise.all([fails(breaker, hangs), fails(breaker, hangs)]);
  await expect(breaker.run(neverEnds)).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(probes).toBe(1);
  probed.resolve();
  await probed.promise;
  expect(await breaker.run(async () => "done")).toBe("done");
});

test("after a probe that failed, the next one decides", async () => {
  const second = Promise.withResolvers<void>();
  const probes = [() => Promise.reject(new Error("The table is full")), () => second.promise];
  const breaker = await opened(() => probes.shift()!());
  second.resolve();
  await eventually(
    async () => breaker.isOpen,
    (isOpen) => !isOpen,
  );
});

test("an earlier transaction that commits a change closes it, and it opens again", async () => {
  const breaker = await opened();
  breaker.noteChange();
  expect(breaker.isOpen).toBe(false);
  await fails(breaker, hangs);
  expect(breaker.isOpen).toBe(true);
});

test("closing ends the probe", async () => {
  const ended = Promise.withResolvers<void>();
  const breaker = new WriteBreaker(async (signal) => {
    await once(signal, "abort");
    ended.resolve();
  });
  await fails(breaker, hangs);
  breaker.close();
  await ended.promise;
});
