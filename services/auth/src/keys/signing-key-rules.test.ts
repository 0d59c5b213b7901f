import { describe, expect, test } from "@jest/globals";
import { currentKey, isIdle, type KeyTimes, planOf, publishedKeys } from "./signing-key-rules.ts";

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 9, minute));
const key = (kid: string, times: Partial<KeyTimes>): KeyTimes => ({
  kid,
  generation: 1,
  readyTime: null,
  activateTime: null,
  retireTime: null,
  ...times,
});

test.each([
  [-1, undefined, ["next", "old"]],
  [0, "old", ["next", "old"]],
  [19, "old", ["next", "old"]],
  [20, "next", ["next", "old"]],
  [29, "next", ["next", "old"]],
  [30, "next", ["next"]],
])("at minute %i %s signs, and %j are published", (minute, signs, published) => {
  const keys = [
    key("next", { activateTime: at(20) }),
    key("old", { activateTime: at(0), retireTime: at(30) }),
  ];
  expect(currentKey(keys, at(minute))?.kid).toBe(signs);
  expect(publishedKeys(keys, at(minute)).map(({ kid }) => kid)).toEqual(published);
});

describe("what is to be done", () => {
  const settings = { rotationMs: 30 * 60_000, tokenMs: 6 * 60_000 };
  const current = key("current", { activateTime: at(0) });
  const next = key("next", { readyTime: at(10) });
  const idle = { activate: undefined, retire: [], make: { current: false, next: false } };
  const retireCurrent = (minute: number) => [{ kid: "current", retireTime: at(minute) }];

  test.each<[string, KeyTimes[], number, object]>([
    ["without any key: make one that signs, and a next one", [], 0, { make: { current: true, next: true } }],
    ["without a next key: make one", [current], 5, { make: { current: false, next: true } }],
    ["while it is not time: nothing", [current, next], 29, {}],
    [
      "when it is time: the next key takes over, another is made, the old one has six minutes left",
      [current, next],
      30,
      { activate: "next", make: { current: false, next: true }, retire: retireCurrent(36) },
    ],
    [
      "when it is time, but the next key is not known everywhere: nothing",
      [current, key("next", { readyTime: at(40) })],
      30,
      {},
    ],
    [
      "after a command has let the next key take over: the old one retires, from then on",
      [current, key("next", { activateTime: at(12) }), key("another", {})],
      13,
      { retire: retireCurrent(18) },
    ],
    [
      "once the old one's end is fixed: nothing",
      [key("old", { activateTime: at(0), retireTime: at(36) }), key("next", { activateTime: at(30) }), next],
      31,
      {},
    ],
    [
      "where none signs, as after a restore: the next key does, ready or not",
      [next],
      1,
      { activate: "next", make: { current: false, next: true } },
    ],
  ])("%s", (_case, keys, minute, plan) => {
    expect(planOf(keys, at(minute), settings)).toEqual({ ...idle, ...plan });
    expect(isIdle(planOf(keys, at(minute), settings))).toBe(Object.keys(plan).length === 0);
  });

  test("without a schedule nothing takes over by itself", () => {
    expect(planOf([current, next], at(59), { ...settings, rotationMs: 0 })).toEqual(idle);
  });
});
