import { createHash } from "node:crypto";
import type { Database } from "@medconnect/platform/db/database.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

const INSERT = "INSERT INTO used_assertions (id, expire_time) VALUES (?, ?)";
const DELETE_EXPIRED = "DELETE FROM used_assertions WHERE expire_time <= ? LIMIT ?";

/** Records the use of an assertion. @returns false if it was used before, also by a concurrent call */
export async function recordUse(
  tx: Transaction,
  { clientId, jti }: { clientId: string; jti: string },
  expireTime: Date,
): Promise<boolean> {
  const id = createHash("sha256").update(`${clientId} ${jti}`).digest();
  try {
    await tx.write(INSERT, [id, expireTime]);
    return true;
  } catch (error) {
    if (duplicateKeyOf(error) === "used_assertions.PRIMARY") return false;
    throw error;
  }
}

export async function deleteExpiredAssertions(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
