import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ApiError } from "../errors/api-error.ts";
import { HEADER_BYTES, SealedBox } from "./sealed-box.ts";

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

test("a rotated key still opens what it has sealed, and the new one seals", () => {
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const before = new SealedBox(old).seal("bookings.reason:1", "headache");
  const during = new SealedBox(next, old);
  expect(during.open("bookings.reason:1", before).toString()).toBe("headache");
  const after = during.seal("bookings.reason:1", "fever");
  expect(after.subarray(0, HEADER_BYTES)).toEqual(new SealedBox(next).currentHeader);
  expect(new SealedBox(next).open("bookings.reason:1", after).toString()).toBe("fever");
});

test("a value under a key that is not known is no altered record, and says its place and the key's id without its content", () => {
  const sealed = new SealedBox(randomBytes(32)).seal("bookings.reason:1", "headache");
  const id = sealed.subarray(0, HEADER_BYTES).toString("hex");
  const error = new Error(`bookings.reason:1 is sealed under a key that is not known: ${id}`);
  expect(thrownBy(sealed)).toEqual(error);
  expect(thrownBy(sealed)).not.toBeInstanceOf(ApiError);
});

test.each(["", "x", "headache, unsealed"])("%j, which was never sealed, is an altered record", (text) => {
  expect(thrownBy(Buffer.from(text))).toMatchObject({ reason: "RECORD_ALTERED" });
});

test("a value that is missing says so", () => {
  expect(thrownBy(null)).toMatchObject({
    reason: "RECORD_ALTERED",
    cause: new Error("bookings.reason:1 is missing"),
  });
});

function thrownBy(value: Buffer | null): unknown {
  try {
    return box.open("bookings.reason:1", value);
  } catch (error) {
    return error;
  }
}

test("a value that was cut off does not open", () => {
  const sealed = box.seal("bookings.reason:1", "headache");
  for (const length of sealed.keys()) {
    expect(() => box.open("bookings.reason:1", sealed.subarray(0, length))).toThrow();
  }
});
