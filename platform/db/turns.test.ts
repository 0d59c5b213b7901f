import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { type Borrower, INTERNAL } from "./borrower.ts";
import { Turns } from "./turns.ts";

const caller = (key: string): Borrower => ({ key, isBounded: true });
const TIMEOUT_MS = 5000;

beforeEach(() => void jest.useFakeTimers({ doNotFake: ["setImmediate"] }));
afterEach(() => void jest.useRealTimers());

/**
 * Makes a `Turns` to test. `enter` queues a named piece of work; `started` has the names in the order in
 * which the work starts; `end` ends one piece of work of a borrower.
 */
function fixture(places: number, share: number) {
  const turns = new Turns(places, share);
  const started: string[] = [];
  const enter = (name: string, borrower: Borrower, signal?: AbortSignal) =>
    turns.enter(borrower, { timeoutMs: TIMEOUT_MS, signal }).then(() => void started.push(name));
  const end = async (borrower: Borrower) => {
    turns.leave(borrower);
    await settle();
  };
  return { turns, started, enter, end };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("a caller's works beyond its share wait in order, and those of others do not", async () => {
  const { turns, started, enter, end } = fixture(4, 2);
  const [a, b] = [caller("a"), caller("b")];
  for (const name of ["a1", "a2", "a3", "a4"]) void enter(name, a);
  void enter("b1", b);
  await settle();
  expect(started).toEqual(["a1", "a2", "b1"]);
  expect(turns.waiting).toBe(2);
  await end(a);
  await end(a);
  expect(started).toEqual(["a1", "a2", "b1", "a3", "a4"]);
  expect(turns.waiting).toBe(0);
});

test("waiting callers take turns, however many works each of them has", async () => {
  const { started, enter, end } = fixture(1, 1);
  const [a, b, c] = [caller("a"), caller("b"), caller("c")];
  for (let i = 1; i <= 4; i++) void enter(`a${i}`, a);
  for (let i = 1; i <= 2; i++) void enter(`b${i}`, b);
  void enter("c1", c);
  await settle();
  for (const borrower of [a, b, c, a, b, a]) await end(borrower);
  expect(started).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

test("work without a caller may take all places, and takes turns with callers", async () => {
  const { started, enter, end } = fixture(2, 1);
  for (let i = 1; i <= 4; i++) void enter(`job${i}`, INTERNAL);
  void enter("a1", caller("a"));
  await settle();
  expect(started).toEqual(["job1", "job2"]);
  await end(INTERNAL);
  await end(INTERNAL);
  expect(started).toEqual(["job1", "job2", "a1", "job3"]);
});

test("a wait ends at its time-out or when its call is cancelled, and takes no place", async () => {
  const { started, enter, end } = fixture(1, 1);
  const [a, b] = [caller("a"), caller("b")];
  void enter("a1", a);
  const gone = new AbortController();
  const cancelled = enter("b1", b, gone.signal);
  gone.abort();
  await expect(cancelled).rejects.toMatchObject({ reason: "CANCELLED" });
  await expect(enter("b2", b, gone.signal)).rejects.toMatchObject({ reason: "CANCELLED" });
  const late = enter("b3", b);
  jest.advanceTimersByTime(TIMEOUT_MS);
  await expect(late).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  void enter("b4", b);
  await end(a);
  await end(b);
  void enter("a2", a);
  await settle();
  expect(started).toEqual(["a1", "b4", "a2"]);
});

test("a cancelled wait leaves its caller's turn to the caller's next work", async () => {
  const { started, enter, end } = fixture(1, 1);
  const [a, b] = [caller("a"), caller("b")];
  void enter("a1", a);
  const gone = new AbortController();
  const cancelled = enter("b1", b, gone.signal);
  void enter("b2", b);
  void enter("a2", a);
  gone.abort();
  await expect(cancelled).rejects.toMatchObject({ reason: "CANCELLED" });
  await end(a);
  expect(started).toEqual(["a1", "b2"]);
});
