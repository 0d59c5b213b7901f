import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** Mails that anybody can have sent to an account. */
export type LimitedMail = "VERIFY_EMAIL" | "RESET_PASSWORD" | "ALREADY_REGISTERED";

const COLUMNS = {
  VERIFY_EMAIL: "verify_mail_time",
  RESET_PASSWORD: "reset_mail_time",
  ALREADY_REGISTERED: "notice_mail_time",
};

/**
 * Notes that a mail goes out now, unless one of its kind went out after `since`.
 *
 * @returns whether it may: of many at once, one may
 */
export async function takeMailTurn(
  tx: Transaction,
  userId: string,
  mail: LimitedMail,
  { now, since }: { now: Date; since: Date },
): Promise<boolean> {
  const column = COLUMNS[mail];
  const { affectedRows } = await tx.write(
    `UPDATE users SET ${column} = ? WHERE id = ? AND (${column} IS NULL OR ${column} <= ?)`,
    [now, userId, since],
  );
  return affectedRows === 1;
}
