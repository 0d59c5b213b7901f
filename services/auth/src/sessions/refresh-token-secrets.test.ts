import { expect, test } from "@jest/globals";
import { encryptSuccessor, newRefreshToken, openSuccessor } from "./refresh-token-secrets.ts";

test("a refresh token holds 256 bits, and none comes twice", () => {
  const tokens = Array.from({ length: 100 }, newRefreshToken);
  for (const token of tokens) expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(new Set(tokens).size).toBe(100);
});

test("only the token itself opens what it was exchanged for", () => {
  const [token, next, other] = [newRefreshToken(), newRefreshToken(), newRefreshToken()];
  const sealed = encryptSuccessor(token, next);
  expect(openSuccessor(token, sealed)).toBe(next);
  expect(() => openSuccessor(other, sealed)).toThrow();
});
