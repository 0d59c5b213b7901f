import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { makeKey } from "./make-key.ts";

const NOW = new Date("2026-11-30T12:00:00Z");

test("no key id begins with a dash, so that keys revoke takes each as it is", async () => {
  const cipher = new FieldCipher(randomBytes(32));
  const times = { generation: 1, readyTime: NOW, activateTime: null };
  // One thumbprint in 64 begins with a dash.
  const keys = await Promise.all(Array.from({ length: 1000 }, () => makeKey(cipher, times, NOW)));
  expect(keys.filter(({ kid }) => kid.startsWith("-"))).toEqual([]);
});
