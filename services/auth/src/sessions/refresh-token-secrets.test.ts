import { expect, test } from "@jest/globals";
import { decryptSuccessor, encryptSuccessor, newRefreshToken } from "./refresh-token-secrets.ts";

test("a refresh token holds 256 bits, and every token differs", () => {
  const tokens = Array.from({ length: 100 }, newRefreshToken);
  for (const token of tokens) expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(new Set(tokens).size).toBe(100);
});

test("only the token itself decrypts its successor", () => {
  const [token, next, other] = [newRefreshToken(), newRefreshToken(), newRefreshToken()];
  const encrypted = encryptSuccessor(token, next);
  expect(decryptSuccessor(token, encrypted)).toBe(next);
  expect(() => decryptSuccessor(other, encrypted)).toThrow();
});
