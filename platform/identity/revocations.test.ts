import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createLogger } from "../telemetry/log.ts";
import { type Revocation, RevocationLists } from "./revocation-lists.ts";
import { Revocations } from "./revocations.ts";

const SECOND_MS = 1000;
const key = randomBytes(32);
const lists = new RevocationLists([key]);

let reader: Revocations;
/** Redis's answer; called each time. */
let inRedis: () => Promise<string | null>;
/** Auth's own answer. */
let atAuth: () => Promise<Revocation[]>;

beforeEach(() => {
  jest.useFakeTimers();
  inRedis = async () => null;
  atAuth = async () => [];
});
afterEach(() => {
  reader.stop();
  jest.useRealTimers();
});

const secondsFromNow = (seconds: number) => new Date(Date.now() + seconds * SECOND_MS);
const revoked = (sessionId: string, seconds = 60): Revocation => ({
  sessionId,
  expireTime: secondsFromNow(seconds),
});
const listOf = (revocations: Revocation[], time = new Date(), by = lists) => by.write({ time, revocations });
const publishing = (...revocations: Revocation[]) => {
  inRedis = async () => listOf(revocations);
};
const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * SECOND_MS);

async function start(by = lists) {
  reader = new Revocations({
    redis: { get: () => inRedis() } as never,
    lists: by,
    fallback: () => atAuth(),
    log: createLogger("test", "silent"),
  });
  reader.start();
  await pass(0);
}

/** Verdict on a token of a session. */
function verdictOn(sessionId: string): unknown {
  const caller = { kind: "user", userId: "u", sessionId, role: "PATIENT", authTime: new Date() } as const;
  try {
    reader.assertLive({ caller, keyId: "k" });
    return "LIVE";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

test("what auth published is read each second, without asking auth", async () => {
  atAuth = async () => Promise.reject(new Error("auth was asked"));
  publishing(revoked("a"));
  await start();
  expect([verdictOn("a"), verdictOn("b")]).toEqual(["UNAUTHENTICATED", "LIVE"]);
  publishing(revoked("a"), revoked("b"));
  await pass(1);
  expect([verdictOn("a"), verdictOn("b"), verdictOn("c")]).toEqual([
    "UNAUTHENTICATED",
    "UNAUTHENTICATED",
    "LIVE",
  ]);
});

/** Another character in place of the middle one. */
function changed(text: string): string {
  const middle = text.length >> 1;
  return text.slice(0, middle) + (text[middle] === "A" ? "B" : "A") + text.slice(middle + 1);
}

describe("auth itself is asked where Redis", () => {
  const forged = new RevocationLists([randomBytes(32)]);
  test.each<[string, () => Promise<string | null>]>([
    ["is away", async () => Promise.reject(new Error("ECONNREFUSED"))],
    ["has nothing", async () => null],
    ["has something empty", async () => ""],
    ["has another kind of value", async () => Promise.reject(new Error("WRONGTYPE"))],
    ["has a list that somebody else sealed", async () => listOf([], new Date(), forged)],
    ["has a list that nobody sealed", async () => JSON.stringify({ timeMs: Date.now(), entries: [] })],
    ["has a list that was cut off", async () => listOf([]).slice(0, -4)],
    ["has a list that was changed", async () => changed(listOf([]))],
    ["has an old list", async () => listOf([], secondsFromNow(-4))],
    ["has a list of a time to come", async () => listOf([], secondsFromNow(4))],
  ])("%s", async (_what, answer) => {
    inRedis = answer;
    atAuth = async () => [revoked("a")];
    await start();
    expect([verdictOn("a"), verdictOn("b")]).toEqual(["UNAUTHENTICATED", "LIVE"]);
  });
});

test("a list that Redis says again and again is found out, before five seconds are over", async () => {
  const old = listOf([]);
  inRedis = async () => old;
  await start();
  atAuth = async () => [revoked("a")];
  await pass(4);
  expect(verdictOn("a")).toBe("UNAUTHENTICATED");
});

test("five seconds after the last word of auth nothing can be told, though Redis goes on with it", async () => {
  const old = listOf([]);
  inRedis = async () => old;
  atAuth = async () => Promise.reject(new Error("away"));
  await start();
  await pass(5);
  expect(verdictOn("a")).toBe("LIVE");
  await pass(1);
  expect(verdictOn("a")).toBe("REVOCATION_UNKNOWN");
});

test("what was heard once stays until it expires, and no longer", async () => {
  publishing(revoked("a", 10));
  await start();
  publishing();
  await pass(9);
  expect(verdictOn("a")).toBe("UNAUTHENTICATED");
  await pass(2);
  expect(verdictOn("a")).toBe("LIVE");
});

test("a list is read in every step of the internal key's rotation", () => {
  const next = randomBytes(32);
  const keys: [Buffer, ...Buffer[]][] = [[key], [key, next], [next, key], [next]];
  const steps = keys.map((known) => new RevocationLists(known));
  for (const [i, step] of steps.entries()) {
    const beside = steps.slice(Math.max(0, i - 1), i + 2);
    for (const other of beside) expect(other.read(listOf([], new Date(), step)).revocations).toEqual([]);
  }
  expect(() => steps[3]!.read(listOf([], new Date(), steps[0]))).toThrow();
});
