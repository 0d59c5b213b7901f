import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startTestService, type TestService } from "@medconnect/platform/testing/test-service.ts";
import { listEncryptedColumns } from "./encrypted-column-store.ts";
import { checkColumn, olderOf, type RekeyOptions, type RekeyProgress, rekeyColumn } from "./rekey.ts";

const OWNERS = ["patient_id", "doctor_id"];
const BY_ID = { key: "id", keyIsId: 1 };
const REASON = { table: "bookings", column: "reason", ...BY_ID, owners: OWNERS };
const ANSWER = { table: "idempotency_keys", column: "answer", key: "id", keyIsId: 0, owners: [] };
const PACE = { batchSize: 7, perSecond: 100_000 };

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const before = new FieldCipher(oldKey);
const during = new FieldCipher(newKey, oldKey);
const after = new FieldCipher(newKey);
const NOTHING_LEFT = { older: new Map(), broken: [] };

let service: TestService;
let options: RekeyOptions;

beforeAll(async () => {
  service = await startTestService("scheduling");
  options = { db: service.db, cipher: during, ...PACE };
});
afterAll(() => service.close());
beforeEach(() => service.db.write("DELETE FROM bookings"));

/** Encryption context of a booking's reason. In these tests, the patient has the same id as the booking. */
const contextOf = (id: string): string => `bookings.reason:${id}:${id}:${doctorOf(id)}`;
const doctorOf = (id: string): string => `f${id.slice(1)}`;
const idOf = (older: RekeyProgress): string[] => [...older.older.keys()];

/** Inserts a booking for each encrypted reason. Null makes a booking without a reason. */
async function makeBookings(reasons: (Buffer | null)[], ids = reasons.map(newId)): Promise<string[]> {
  const now = service.clock.now();
  await service.db.write(
    `INSERT INTO bookings (id, slot_id, doctor_id, patient_id, consultation_id, status, start_time, end_time, fee_minor,
       reason, version, create_time, update_time) VALUES ?`,
    [
      ids.map((id, i) => [
        binaryId(id),
        binaryId(id),
        binaryId(doctorOf(id)),
        binaryId(id),
        binaryId(id),
        "EXPIRED",
        now,
        now,
        0,
        reasons[i]!,
        1,
        now,
        now,
      ]),
    ],
  );
  return ids;
}

async function makeEncrypted(count: number, cipher: FieldCipher): Promise<string[]> {
  const ids = Array.from({ length: count }, newId);
  return await makeBookings(
    ids.map((id, i) => cipher.encrypt(contextOf(id), `${i}`)),
    ids,
  );
}

async function readReasons(cipher: FieldCipher): Promise<string[]> {
  const rows = await service.db.read<{ id: string; reason: Buffer }>(
    "SELECT id, reason FROM bookings WHERE reason IS NOT NULL ORDER BY id",
  );
  return rows.map(({ id, reason }) => cipher.decrypt(contextOf(id), reason).toString());
}

test("lists the encrypted columns of the service and of the platform", async () => {
  expect(await listEncryptedColumns(service.db)).toEqual(
    expect.arrayContaining([
      REASON,
      { table: "bookings", column: "cancel_reason", ...BY_ID, owners: OWNERS },
      ANSWER,
      { table: "secrets", column: "value", key: "name", keyIsId: 0, owners: [] },
    ]),
  );
});

test("moves all values to the new key with their contents; skips rows without a value", async () => {
  await makeEncrypted(30, before);
  await makeBookings(Array(10).fill(null));
  expect(await checkColumn(options, REASON)).toEqual({
    values: 30,
    older: new Map([[before.currentHeader.toString("hex"), 30]]),
    broken: [],
  });
  expect(await rekeyColumn(options, REASON)).toEqual({ values: 30, ...NOTHING_LEFT });
  expect((await readReasons(after)).sort()).toEqual(Array.from({ length: 30 }, (_, i) => `${i}`).sort());
  expect(await checkColumn(options, REASON)).toEqual({ values: 30, ...NOTHING_LEFT });
});

test("writes a binary key in hex into the context", async () => {
  const id = randomBytes(32);
  const place = `idempotency_keys.answer:${id.toString("hex")}`;
  await service.db.write(
    "INSERT INTO idempotency_keys (id, request_hmac, expire_time, answer) VALUES (?, ?, ?, ?)",
    [id, id, service.clock.now(), before.encrypt(place, "an answer")],
  );
  expect(await rekeyColumn(options, ANSWER)).toEqual({ values: 1, ...NOTHING_LEFT });
  const [row] = await service.db.read<{ answer: Buffer }>("SELECT answer FROM idempotency_keys");
  expect(after.decrypt(place, row!.answer).toString()).toBe("an answer");
});

test("continues after an interruption", async () => {
  await makeEncrypted(30, before);
  let batches = 0;
  const killed = rekeyColumn(
    { ...options, onBatch: () => (batches++ === 1 ? fail("killed") : undefined) },
    REASON,
  );
  await expect(killed).rejects.toThrow("killed");
  const progress = await checkColumn(options, REASON);
  expect(olderOf(progress)).toBe(30 - 2 * PACE.batchSize);
  expect(await rekeyColumn(options, REASON)).toEqual({ values: 30, ...NOTHING_LEFT });
  expect(await readReasons(after)).toHaveLength(30);
});

test("keeps values that are written meanwhile, under either key", async () => {
  const ids = await makeEncrypted(60, before);
  const written = new Map<string, string>();
  let isDone = false;
  const writing = async () => {
    for (let i = 0; !isDone; i++) {
      const id = ids[(i * 7) % ids.length]!;
      written.set(id, `written ${i}`);
      const cipher = i % 2 === 0 && i < 100 ? before : during;
      await service.db.write("UPDATE bookings SET reason = ? WHERE id = ?", [
        cipher.encrypt(contextOf(id), `written ${i}`),
        binaryId(id),
      ]);
    }
  };
  const writer = writing();
  for (let round = 0; round < 5; round++) await rekeyColumn(options, REASON);
  isDone = true;
  await writer;
  expect(await rekeyColumn(options, REASON)).toEqual({ values: 60, ...NOTHING_LEFT });
  const reasons = await readReasons(after);
  const expected = ids.toSorted().map((id) => written.get(id) ?? `${ids.indexOf(id)}`);
  expect(reasons).toEqual(expected);
});

test("reports and keeps values that were copied, changed, or encrypted under an unknown key", async () => {
  const [moved, foreign] = [newId(), newId()];
  const values = [
    before.encrypt(contextOf(newId()), "of another row"),
    new FieldCipher(randomBytes(32)).encrypt(contextOf(foreign), "?"),
  ];
  await makeBookings(values, [moved, foreign]);
  await makeEncrypted(3, before);
  const progress = await rekeyColumn(options, REASON);
  expect(progress.broken.sort()).toEqual([contextOf(moved), contextOf(foreign)].sort());
  expect([progress.values, olderOf(progress), idOf(progress).length]).toEqual([5, 2, 2]);
  const kept = await service.db.read<{ reason: Buffer }>("SELECT reason FROM bookings WHERE id IN (?, ?)", [
    binaryId(moved),
    binaryId(foreign),
  ]);
  expect(kept.map(({ reason }) => reason.toString("hex")).sort()).toEqual(
    values.map((v) => v.toString("hex")).sort(),
  );
});

function fail(message: string): never {
  throw new Error(message);
}
