import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { KeyedHash } from "./keyed-hash.ts";

const hash = new KeyedHash(randomBytes(32));

test("lists of parts with the same concatenation have different hashes", () => {
  expect(hash.of("ab", "c").equals(hash.of("a", "bc"))).toBe(false);
  expect(hash.of("ab", "c").equals(hash.of("ab", "c"))).toBe(true);
});

test("another key gives another hash", () => {
  expect(new KeyedHash(randomBytes(32)).of("a").equals(hash.of("a"))).toBe(false);
});
