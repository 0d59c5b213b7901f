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

test("of keys that were activated at once, the one of the latest generation signs", () => {
  const keys = [1, 3, 2].map((generation) => key(`${generation}`, { generation, activateTime: at(0) }));
  expect(currentKey(keys, at(1))?.kid).toBe("3");
});

describe("the plan", () => {
  const settings = { rotationMs: 30 * 60_000, tokenMs: 6 * 60_000 };
  const current = key("current", { activateTime: at(0) });
  const next = key("next", { readyTime: at(10) });
  const idle = { activate: undefined, retire: [], make: { current: false, next: false } };
  const retireCurrent = (minute: number) => [{ kid: "current", retireTime: at(minute) }];

  test.each<[string, KeyTimes[], number, object]>([
    ["without any key: makes a current and a next key", [], 0, { make: { current: true, next: true } }],
    ["without a next key: makes one", [current], 5, { make: { current: false, next: true } }],
    ["before the rotation: changes nothing", [current, next], 29, {}],
    [
      "at the rotation: activates the next key, makes another, retires the old one in six minutes",
      [current, next],
      30,
      { activate: "next", make: { current: false, next: true }, retire: retireCurrent(36) },
    ],
    [
      "at the rotation, before every verifier knows the next key: changes nothing",
      [current, key("next", { readyTime: at(40) })],
      30,
      {},
    ],
    [
      "after a rotation by command: retires the old key six minutes after the rotation",
      [current, key("next", { activateTime: at(12) }), key("another", {})],
      13,
      { retire: retireCurrent(18) },
    ],
    [
      "once the old key has a retirement time: changes nothing",
      [key("old", { activateTime: at(0), retireTime: at(36) }), key("next", { activateTime: at(30) }), next],
      31,
      {},
    ],
    [
      "without a current key, such as after a restore: activates the next key, ready or not",
      [next],
      1,
      { activate: "next", make: { current: false, next: true } },
    ],
  ])("%s", (_case, keys, minute, plan) => {
    expect(planOf(keys, at(minute), settings)).toEqual({ ...idle, ...plan });
    expect(isIdle(planOf(keys, at(minute), settings))).toBe(Object.keys(plan).length === 0);
  });

  test("a next key that everybody knows from this moment takes over", () => {
    const plan = planOf([current, key("next", { readyTime: at(30) })], at(30), settings);
    expect(plan.activate).toBe("next");
  });

  test("each key that was replaced lives for its tokens, in whatever order the keys come", () => {
    const keys = [
      key("third", { activateTime: at(20) }),
      key("future", { activateTime: at(50) }),
      key("first", { activateTime: at(0) }),
      key("second", { activateTime: at(10) }),
      key("next", {}),
    ];
    expect(planOf(keys, at(25), settings).retire).toEqual([
      { kid: "first", retireTime: at(16) },
      { kid: "second", retireTime: at(26) },
    ]);
  });

  test("only the next key takes over, although others wait with it", () => {
    const plan = planOf([current, next, key("another", {})], at(30), settings);
    expect(plan).toEqual({
      ...idle,
      activate: "next",
      make: { current: false, next: true },
      retire: retireCurrent(36),
    });
  });

  test("a takeover alone is something to do", () => {
    expect(isIdle(idle)).toBe(true);
    expect(isIdle({ ...idle, activate: "next" })).toBe(false);
  });

  test("without a schedule nothing takes over by itself", () => {
    expect(planOf([current, next], at(59), { ...settings, rotationMs: 0 })).toEqual(idle);
  });
});
