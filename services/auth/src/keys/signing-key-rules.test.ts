import { expect, test } from "@jest/globals";
import { currentKey, publishedKeys } from "./signing-key-rules.ts";

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 9, minute));
const OLD = { kid: "old", activateTime: at(0), retireTime: at(30) };
const NEXT = { kid: "next", activateTime: at(20), retireTime: null };
const keys = [NEXT, OLD];

test.each([
  [-1, undefined, ["next", "old"]],
  [0, "old", ["next", "old"]],
  [19, "old", ["next", "old"]],
  [20, "next", ["next", "old"]],
  [29, "next", ["next", "old"]],
  [30, "next", ["next"]],
])("at minute %i %s signs, and %j are published", (minute, signs, published) => {
  expect(currentKey(keys, at(minute))?.kid).toBe(signs);
  expect(publishedKeys(keys, at(minute)).map((key) => key.kid)).toEqual(published);
});
