import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Logger } from "../telemetry/log.ts";
import { type Revocation, RevocationLists } from "./revocation-lists.ts";
import { Revocations } from "./revocations.ts";

const SECOND_MS = 1000;
const key = randomBytes(32);
const lists = new RevocationLists([key]);

let reader: Revocations;
/** Called at each poll for the answer of Redis. */
let inRedis: () => Promise<string | null>;
/** Called for the answer of auth at each poll for which Redis has no valid list. */
let atAuth: () => Promise<Revocation[]>;
/** Messages that the reader has logged. */
let logged: string[];

beforeEach(() => {
  jest.useFakeTimers();
  inRedis = async () => null;
  atAuth = async () => [];
  logged = [];
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
    log: { warn: (_fields: object, message: string) => logged.push(message) } as unknown as Logger,
  });
  reader.start();
  await pass(0);
}

/** Returns "LIVE" if a token of the session is accepted, or else the reason of the refusal. */
function verdictOn(sessionId: string): unknown {
  const caller = { kind: "user", userId: "u", sessionId, role: "PATIENT", authTime: new Date() } as const;
  try {
    reader.assertLive({ caller, keyId: "k" });
    return "LIVE";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

test("the list that auth published is read each second, without a call to auth", async () => {
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

/** A text with its middle character replaced. */
function changed(text: string): string {
  const middle = text.length >> 1;
  return text.slice(0, middle) + (text[middle] === "A" ? "B" : "A") + text.slice(middle + 1);
}

describe("auth is called if Redis", () => {
  const forged = new RevocationLists([randomBytes(32)]);
  test.each<[string, () => Promise<string | null>]>([
    ["is unreachable", async () => Promise.reject(new Error("ECONNREFUSED"))],
    ["has nothing", async () => null],
    ["has an empty value", async () => ""],
    ["has another kind of value", async () => Promise.reject(new Error("WRONGTYPE"))],
    ["has a list under another key", async () => listOf([], new Date(), forged)],
    ["has a plaintext list", async () => JSON.stringify({ timeMs: Date.now(), entries: [] })],
    ["has a truncated list", async () => listOf([]).slice(0, -4)],
    ["has a changed list", async () => changed(listOf([]))],
    ["has an old list", async () => listOf([], secondsFromNow(-4))],
    ["has a list of a future time", async () => listOf([], secondsFromNow(4))],
  ])("%s", async (_what, answer) => {
    inRedis = answer;
    atAuth = async () => [revoked("a")];
    await start();
    expect([verdictOn("a"), verdictOn("b")]).toEqual(["UNAUTHENTICATED", "LIVE"]);
  });
});

test("a list that Redis keeps replaying is detected within five seconds", async () => {
  const old = listOf([]);
  inRedis = async () => old;
  await start();
  atAuth = async () => [revoked("a")];
  await pass(4);
  expect(verdictOn("a")).toBe("UNAUTHENTICATED");
});

test("tokens are refused with REVOCATION_UNKNOWN five seconds after auth's last list", async () => {
  const old = listOf([]);
  inRedis = async () => old;
  atAuth = async () => Promise.reject(new Error("away"));
  await start();
  await pass(5);
  expect(verdictOn("a")).toBe("LIVE");
  await pass(1);
  expect(verdictOn("a")).toBe("REVOCATION_UNKNOWN");
});

test("the process is ready from the first list on, also without later ones", async () => {
  atAuth = async () => Promise.reject(new Error("away"));
  await start();
  expect(reader.hasLoaded).toBe(false);
  atAuth = async () => [];
  await pass(1);
  expect(reader.hasLoaded).toBe(true);
  atAuth = async () => Promise.reject(new Error("away"));
  await pass(60);
  expect([reader.hasLoaded, verdictOn("a")]).toEqual([true, "REVOCATION_UNKNOWN"]);
});

test("a revocation stays until it expires, even if later lists omit it", async () => {
  publishing(revoked("a", 10));
  await start();
  publishing();
  await pass(9);
  expect(verdictOn("a")).toBe("UNAUTHENTICATED");
  await pass(2);
  expect(verdictOn("a")).toBe("LIVE");
});

test("a list is readable in every step of the internal key's rotation", () => {
  const next = randomBytes(32);
  const keys: [Buffer, ...Buffer[]][] = [[key], [key, next], [next, key], [next]];
  const steps = keys.map((known) => new RevocationLists(known));
  for (const [i, step] of steps.entries()) {
    const beside = steps.slice(Math.max(0, i - 1), i + 2);
    for (const other of beside) expect(other.read(listOf([], new Date(), step)).revocations).toEqual([]);
  }
  expect(() => steps[3]!.read(listOf([], new Date(), steps[0]))).toThrow();
});

describe("failures are logged", () => {
  const away = async () => Promise.reject(new Error("away"));

  test("only after 15 s without a first list, because auth may start later", async () => {
    atAuth = away;
    await start();
    await pass(14);
    expect(logged).toEqual([]);
    await pass(3);
    expect(new Set(logged)).toEqual(new Set(["revocations cannot be read"]));
  });

  test("soon after the last list", async () => {
    await start();
    atAuth = away;
    await pass(2);
    expect(logged).toEqual([]);
    await pass(2);
    expect(logged).not.toEqual([]);
  });
});
