import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { UserState } from "@medconnect/proto/medconnect/events/v1/events.ts";

/**
 * Locks the copy of an account for a change that copies from it: the account's next event waits for the commit, and then
 * finds what was made. Makes the row of an account that auth has not told of yet, as there would be nothing to lock.
 *
 * @returns the full name; empty where auth has not told
 */
export async function lockPerson(tx: Transaction, userId: string): Promise<string> {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled) VALUES (?, '', FALSE)
     ON DUPLICATE KEY UPDATE user_id = people.user_id`,
    [userId],
  );
  const [person] = await tx.read<{ full_name: string }>("SELECT full_name FROM people WHERE user_id = ?", [
    userId,
  ]);
  return person!.full_name;
}

/** Stores an account's state from auth, and locks the row like `lockPerson`. */
export function savePerson(
  tx: Transaction,
  userId: string,
  { fullName, disabled, region }: Pick<UserState, "fullName" | "disabled" | "region">,
): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled, region) VALUES (?, ?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE full_name = new.full_name, disabled = new.disabled, region = new.region`,
    [userId, fullName, disabled, region],
  );
}
