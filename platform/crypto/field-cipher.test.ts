import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ApiError } from "../errors/api-error.ts";
import { FieldCipher, HEADER_BYTES } from "./field-cipher.ts";

const cipher = new FieldCipher(randomBytes(32));

test("a value decrypts in its context, and no two ciphertexts are equal", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (context, text) => {
      const encrypted = cipher.encrypt(context, text);
      expect(cipher.decrypt(context, encrypted).toString()).toBe(Buffer.from(text).toString());
      expect(cipher.encrypt(context, text).equals(encrypted)).toBe(false);
    }),
  );
});

test("a value does not decrypt in another row, under another key, or with any byte changed", () => {
  const encrypted = cipher.encrypt("bookings.reason:1", "headache");
  expect(() => cipher.decrypt("bookings.reason:2", encrypted)).toThrow();
  expect(() => new FieldCipher(randomBytes(32)).decrypt("bookings.reason:1", encrypted)).toThrow();
  for (const i of encrypted.keys()) {
    const changed = Buffer.from(encrypted);
    changed[i]! ^= 1;
    expect(() => cipher.decrypt("bookings.reason:1", changed)).toThrow();
  }
});

test("a previous key still decrypts its values, and the new one encrypts", () => {
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const before = new FieldCipher(old).encrypt("bookings.reason:1", "headache");
  const during = new FieldCipher(next, old);
  expect(during.decrypt("bookings.reason:1", before).toString()).toBe("headache");
  const after = during.encrypt("bookings.reason:1", "fever");
  expect(after.subarray(0, HEADER_BYTES)).toEqual(new FieldCipher(next).currentHeader);
  expect(new FieldCipher(next).decrypt("bookings.reason:1", after).toString()).toBe("fever");
});

test("an unknown key is no altered record, and its error names context and key id without the content", () => {
  const encrypted = new FieldCipher(randomBytes(32)).encrypt("bookings.reason:1", "headache");
  const id = encrypted.subarray(0, HEADER_BYTES).toString("hex");
  const error = new Error(`bookings.reason:1 is encrypted under an unknown key: ${id}`);
  expect(thrownBy(encrypted)).toEqual(error);
  expect(thrownBy(encrypted)).not.toBeInstanceOf(ApiError);
});

test.each(["", "x", "headache, in clear"])("%j, which was never encrypted, is an altered record", (text) => {
  expect(thrownBy(Buffer.from(text))).toMatchObject({ reason: "RECORD_ALTERED" });
});

test("the error of a missing value says so", () => {
  expect(thrownBy(null)).toMatchObject({
    reason: "RECORD_ALTERED",
    cause: new Error("bookings.reason:1 is missing"),
  });
});

function thrownBy(value: Buffer | null): unknown {
  try {
    return cipher.decrypt("bookings.reason:1", value);
  } catch (error) {
    return error;
  }
}

test("a truncated value does not decrypt", () => {
  const encrypted = cipher.encrypt("bookings.reason:1", "headache");
  for (const length of encrypted.keys()) {
    expect(() => cipher.decrypt("bookings.reason:1", encrypted.subarray(0, length))).toThrow();
  }
});
