import { expect, test } from "@jest/globals";
import { evaluate } from "./refresh-rules.ts";
import type { RefreshTokenRecord } from "./session-store.ts";

const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 9, 0, second));
const KEY = Buffer.from("key");
const OTHER = Buffer.from("other key");

const session = {
  id: "s",
  userId: "u",
  role: "PATIENT",
  email: "a@b.test",
  accountProof: null,
  mfaEnabled: false,
  authTime: at(0),
  expireTime: at(50),
  remembered: false,
  endTime: null,
} as const;
const fresh: RefreshTokenRecord = {
  hash: Buffer.of(1),
  useTime: null,
  useKey: null,
  successor: null,
  expireTime: at(50),
  proof: null,
  session,
};
const used = { ...fresh, useTime: at(10) };
const usedWithKey = { ...used, useKey: KEY, successor: Buffer.of(2) };

test.each([
  ["unknown", undefined, { consumed: false, key: null, now: at(1) }, "VOID"],
  ["first use", fresh, { consumed: true, key: null, now: at(1) }, "EXCHANGE"],
  ["not used in time", fresh, { consumed: false, key: null, now: at(1) }, "VOID"],
  ["used twice", used, { consumed: false, key: null, now: at(11) }, "REUSE"],
  ["used twice, once with a key", used, { consumed: false, key: KEY, now: at(11) }, "REUSE"],
  ["same call again", usedWithKey, { consumed: false, key: KEY, now: at(19) }, "REPEAT"],
  ["same call, too late", usedWithKey, { consumed: false, key: KEY, now: at(20) }, "REUSE"],
  ["another key", usedWithKey, { consumed: false, key: OTHER, now: at(11) }, "REUSE"],
  ["no key the second time", usedWithKey, { consumed: false, key: null, now: at(11) }, "REUSE"],
  ["session over", fresh, { consumed: true, key: null, now: at(50) }, "VOID"],
  [
    "session ended",
    { ...used, session: { ...session, endTime: at(5) } },
    { consumed: false, key: null, now: at(11) },
    "VOID",
  ],
])("%s", (_, token, attempt, verdict) => {
  expect(evaluate(token, attempt)).toBe(verdict);
});
