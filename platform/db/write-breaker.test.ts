import { expect, test } from "@jest/globals";
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
const fails = (breaker: WriteBreaker, work: () => Promise<unknown>) =>
  expect(breaker.run(work)).rejects.toBeInstanceOf(ApiError);

async function opened(): Promise<WriteBreaker> {
  const breaker = new WriteBreaker();
  await fails(breaker, hangs);
  return breaker;
}

test("a time-out opens it, unless a change was committed since the transaction began", async () => {
  const breaker = new WriteBreaker();
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
  const breaker = new WriteBreaker();
  await expect(breaker.run(findsNoSpace)).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  expect(breaker.isOpen).toBe(true);
});

test("refusals and other errors neither open nor close it", async () => {
  const breaker = new WriteBreaker();
  for (let i = 0; i < 9; i++) await fails(breaker, refuses);
  expect(breaker.isOpen).toBe(false);
  const open = await opened();
  await fails(open, refuses);
  expect(await open.run(async () => "a commit without changes")).toBe("a commit without changes");
  expect(open.isOpen).toBe(true);
});

test("while it is open, one transaction at a time tries, and a change closes it", async () => {
  const breaker = await opened();
  const answered = Promise.withResolvers<string>();
  const trying = breaker.run(() => answered.promise);
  const others = [breaker.run(async () => "no"), breaker.run(async () => "no")];
  for (const other of others) await expect(other).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  breaker.noteChange();
  answered.resolve("yes");
  expect(await trying).toBe("yes");
  expect(await breaker.run(async () => "again")).toBe("again");
  expect(breaker.isOpen).toBe(false);
});
