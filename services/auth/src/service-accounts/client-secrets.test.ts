import { expect, test } from "@jest/globals";
import { findBySecret, hashOfSecret, newClientSecret } from "./client-secrets.ts";

test("secrets differ, with 256 bits and an identifying prefix", () => {
  const secrets = Array.from({ length: 100 }, newClientSecret);
  for (const secret of secrets) expect(secret).toMatch(/^mcs_[A-Za-z0-9_-]{43}$/);
  expect(new Set(secrets).size).toBe(100);
});

test("a secret finds its own hash only", () => {
  const [first, second, third] = [newClientSecret(), newClientSecret(), newClientSecret()];
  const kept = [first, second].map((secret) => ({ secret, hash: hashOfSecret(secret) }));
  expect(findBySecret(kept, first)?.secret).toBe(first);
  expect(findBySecret(kept, second)?.secret).toBe(second);
  expect(findBySecret(kept, third)).toBeUndefined();
  expect(findBySecret(kept, `${first} `)).toBeUndefined();
  expect(findBySecret([], first)).toBeUndefined();
});
