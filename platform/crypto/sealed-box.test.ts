import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { SealedBox } from "./sealed-box.ts";

const box = new SealedBox(randomBytes(32));

test("what was sealed opens in its place, and no two seals are alike", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (place, text) => {
      const sealed = box.seal(place, text);
      expect(box.open(place, sealed).toString()).toBe(Buffer.from(text).toString());
      expect(box.seal(place, text).equals(sealed)).toBe(false);
    }),
  );
});

test("a value does not open in another row, with another key, or when any byte was changed", () => {
  const sealed = box.seal("bookings.reason:1", "headache");
  expect(() => box.open("bookings.reason:2", sealed)).toThrow();
  expect(() => new SealedBox(randomBytes(32)).open("bookings.reason:1", sealed)).toThrow();
  for (const i of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed[i]! ^= 1;
    expect(() => box.open("bookings.reason:1", changed)).toThrow();
  }
});

test("lists of parts that join to the same text have different keyed hashes", () => {
  expect(box.hmac("ab", "c").equals(box.hmac("a", "bc"))).toBe(false);
  expect(box.hmac("ab", "c").equals(box.hmac("ab", "c"))).toBe(true);
});
