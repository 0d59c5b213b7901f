import { expect, test } from "@jest/globals";
import { hash as argon2 } from "@node-rs/argon2";
import { PasswordHasher } from "./password-hasher.ts";

const NEVER = Number.POSITIVE_INFINITY;
const hasher = new PasswordHasher({ atOnce: 2, waiting: 10 });

test("hashes with argon2id: 19 MiB, two passes, one lane, salt of 16 and key of 32 bytes", async () => {
  const hash = await hasher.hash("a rather long passphrase", NEVER);
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(hasher.isWeak(hash)).toBe(false);
});

test("accepts the right password in any encoding of its accents, and no other", async () => {
  const hash = await hasher.hash("crème brûlée now", NEVER);
  expect(await hasher.verify(hash, "crème brûlée now".normalize("NFD"), NEVER)).toBe(true);
  expect(await hasher.verify(hash, "creme brulee now", NEVER)).toBe(false);
});

test("without a hash the result is false, after the same work", async () => {
  expect(await hasher.verify(undefined, "a rather long passphrase", NEVER)).toBe(false);
});

test.each([
  ["less memory", { memoryCost: 4096 }],
  ["fewer passes", { timeCost: 1 }],
  ["a shorter key", { outputLen: 16 }],
])("a hash with %s is weak", async (_, less) => {
  expect(hasher.isWeak(await argon2("x", { memoryCost: 19_456, timeCost: 2, ...less }))).toBe(true);
});
