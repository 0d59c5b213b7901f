import { expect, test } from "@jest/globals";
import { evaluate, type RefreshTokenState } from "./refresh-rules.ts";

const at = (second: number) => new Date(Date.UTC(2030, 0, 1, 9, 0, second));
const KEY = Buffer.from("key");
const OTHER = Buffer.from("other key");

const session = { expireTime: at(50), endTime: null };
const fresh: RefreshTokenState = { useTime: null, useKey: null, successor: null, session };
const used = { ...fresh, useTime: at(10) };
const successor = Buffer.of(2);
const usedWithKey = { ...used, useKey: KEY, successor };
const ended = { ...used, session: { ...session, endTime: at(5) } };

test.each([
  ["first use", fresh, { consumed: true, key: null, now: at(1) }, { kind: "EXCHANGE" }],
  ["expired before its use", fresh, { consumed: false, key: null, now: at(1) }, { kind: "VOID" }],
  ["second use", used, { consumed: false, key: null, now: at(11) }, { kind: "REUSE" }],
  ["second use, first with a key", used, { consumed: false, key: KEY, now: at(11) }, { kind: "REUSE" }],
  ["same call again", usedWithKey, { consumed: false, key: KEY, now: at(19) }, { kind: "REPEAT", successor }],
  ["same call, too late", usedWithKey, { consumed: false, key: KEY, now: at(20) }, { kind: "REUSE" }],
  ["another key", usedWithKey, { consumed: false, key: OTHER, now: at(11) }, { kind: "REUSE" }],
  ["second use without a key", usedWithKey, { consumed: false, key: null, now: at(11) }, { kind: "REUSE" }],
  ["session expired", fresh, { consumed: true, key: null, now: at(50) }, { kind: "VOID" }],
  ["session ended", ended, { consumed: false, key: null, now: at(11) }, { kind: "VOID" }],
])("%s", (_case, token, attempt, verdict) => {
  expect(evaluate(token, attempt)).toEqual(verdict);
});
