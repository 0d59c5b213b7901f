import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { rekeyColumn } from "@medconnect/ops/rekey/rekey.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import { FieldCipher } from "./field-cipher.ts";
import { openKeyedHash } from "./open-keyed-hash.ts";

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const SECRETS = { table: "secrets", column: "value", key: "name", keyIsId: 0, owners: [] };

let service: TestService;
beforeEach(async () => {
  service = await startTestService("clinical");
});
afterEach(() => service.close());

/** Hash of a fixed text, computed by a process that has these keys in DATA_KEY. */
const hashed = async (current: Buffer, ...previous: Buffer[]): Promise<string> =>
  (await openKeyedHash(service.db, new FieldCipher(current, ...previous))).of("text").toString("hex");

test("processes that start at once on an empty schema get the same key", async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => hashed(oldKey)));
  expect(new Set(all).size).toBe(1);
});

test("a rotation of DATA_KEY keeps the hash key, during the rolling restart and after it", async () => {
  const before = await hashed(oldKey);
  expect(await hashed(oldKey, newKey)).toBe(before);
  expect(await hashed(newKey, oldKey)).toBe(before);
  await rekeyColumn(
    { db: service.db, cipher: new FieldCipher(newKey, oldKey), batchSize: 10, perSecond: 1000 },
    SECRETS,
  );
  expect(await hashed(newKey)).toBe(before);
});

test("a DATA_KEY of another schema is refused, so that nothing is encrypted under it", async () => {
  await hashed(oldKey);
  await expect(hashed(newKey)).rejects.toThrow(/^DATA_KEY does not hold the key of this schema/);
});
