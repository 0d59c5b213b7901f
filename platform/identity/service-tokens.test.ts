import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Logger } from "../telemetry/log.ts";
import { ServiceTokens } from "./service-tokens.ts";

const key = randomBytes(32);
const unauthenticated = { reason: "UNAUTHENTICATED" };
const START = new Date("2026-12-01T10:00:00.250Z");

let logged: Record<string, unknown>[];
const log = {
  warn: (fields: object, message: string) => logged.push({ ...fields, message }),
} as unknown as Logger;

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "setTimeout"] });
  logged = [];
});
afterEach(() => {
  jest.useRealTimers();
});

/** Makes a token by a clock that is ahead of the present by some seconds. */
async function tokenBy(clockAheadS: number, tokens = new ServiceTokens("scheduling", [key])) {
  const nowMs = Date.now();
  jest.setSystemTime(nowMs + clockAheadS * 1000);
  const token = await tokens.tokenFor("clinical");
  jest.setSystemTime(nowMs);
  return token;
}

test("a token identifies its service, also when it is verified again", async () => {
  const token = await new ServiceTokens("scheduling", [key]).tokenFor("clinical");
  const clinical = new ServiceTokens("clinical", [key]);
  for (let i = 0; i < 2; i++) {
    expect(await clinical.verify(token)).toEqual({ kind: "service", name: "scheduling" });
  }
});

test("a token for another service, under another key or changed is refused, also after a valid one", async () => {
  const made = new ServiceTokens("scheduling", [key]);
  const clinical = new ServiceTokens("clinical", [key]);
  const good = await made.tokenFor("clinical");
  await clinical.verify(good);
  await expect(clinical.verify(await made.tokenFor("billing"))).rejects.toMatchObject(unauthenticated);
  await expect(clinical.verify(`${good.slice(0, -2)}xx`)).rejects.toMatchObject(unauthenticated);
  const stranger = new ServiceTokens("scheduling", [randomBytes(32)]);
  await expect(clinical.verify(await stranger.tokenFor("clinical"))).rejects.toMatchObject(unauthenticated);
});

test("tokens under the old and the new key are accepted during a rotation", async () => {
  const next = randomBytes(32);
  const clinical = new ServiceTokens("clinical", [next, key], log);
  for (const keys of [[key], [next]] as const) {
    const token = await new ServiceTokens("billing", keys).tokenFor("clinical");
    expect(await clinical.verify(token)).toEqual({ kind: "service", name: "billing" });
  }
  expect(logged).toEqual([]);
});

describe("a token is valid for 60 s, and for 30 s more in which the clocks may differ", () => {
  test.each([
    [89, true],
    [91, false],
  ])("after %i s: %s", async (seconds, isValid) => {
    const clinical = new ServiceTokens("clinical", [key]);
    const verified = clinical.verify(await tokenBy(-seconds));
    if (isValid) expect(await verified).toMatchObject({ name: "scheduling" });
    else await expect(verified).rejects.toMatchObject(unauthenticated);
  });

  test("also if it was verified before", async () => {
    const clinical = new ServiceTokens("clinical", [key]);
    const token = await tokenBy(0);
    await clinical.verify(token);
    jest.setSystemTime(START.getTime() + 91_000);
    await expect(clinical.verify(token)).rejects.toMatchObject(unauthenticated);
  });

  test("machines whose clocks differ by a minute understand each other", async () => {
    const clinical = new ServiceTokens("clinical", [key]);
    for (const aheadS of [60, -60]) {
      const scheduling = new ServiceTokens("scheduling", [key]);
      await tokenBy(aheadS, scheduling);
      // The last time at which the token is sent, before the next one is made.
      jest.setSystemTime(Date.now() + 29_000);
      const token = await tokenBy(aheadS, scheduling);
      expect(await clinical.verify(token)).toMatchObject({ name: "scheduling" });
    }
  });
});

describe("a fault of the deployment is told by name, to the log and to the caller", () => {
  const faults: [string, () => Promise<string>, object, string][] = [
    [
      "another INTERNAL_KEY",
      () => new ServiceTokens("scheduling", [randomBytes(32)]).tokenFor("clinical"),
      { reason: "key", caller: "scheduling", message: "a caller has another INTERNAL_KEY" },
      "The service token is signed with an INTERNAL_KEY that clinical does not have. Set the same key for all processes.",
    ],
    [
      "clocks that differ",
      () => tokenBy(-120),
      {
        reason: "clock",
        caller: "scheduling",
        message: "a caller's token has expired, so the clocks differ",
      },
      "The service token expired 60 s ago by the clock of clinical. Synchronize the clocks of both machines.",
    ],
    [
      "an address of another service",
      () => new ServiceTokens("scheduling", [key]).tokenFor("billing"),
      {
        reason: "address",
        caller: "scheduling",
        message: "a caller has a wrong address, and calls this service for another one",
      },
      "The service token is for billing, and this is clinical. Correct the address in the caller's settings.",
    ],
  ];
  test.each(faults)("%s", async (_, make, line, detail) => {
    const clinical = new ServiceTokens("clinical", [key], log);
    for (let i = 0; i < 3; i++)
      await expect(clinical.verify(await make())).rejects.toMatchObject({ message: detail });
    expect(logged).toEqual([line]);
    jest.setSystemTime(START.getTime() + 61_000);
    await expect(clinical.verify(await make())).rejects.toThrow();
    expect(logged.filter((fields) => "reason" in fields)).toEqual([line, line]);
  });

  test("the log has no text that a stranger made up", async () => {
    const stranger = new ServiceTokens("a name\nwith lines", [randomBytes(32)]);
    const clinical = new ServiceTokens("clinical", [key], log);
    await expect(clinical.verify(await stranger.tokenFor("clinical"))).rejects.toThrow();
    expect(logged).toMatchObject([{ caller: "unknown" }]);
  });

  test.each(["", "made.up.token", "e30.e30.e30"])("%j is no fault of the deployment", async (token) => {
    const clinical = new ServiceTokens("clinical", [key], log);
    await expect(clinical.verify(token)).rejects.toMatchObject(unauthenticated);
    expect(logged).toEqual([]);
  });
});
