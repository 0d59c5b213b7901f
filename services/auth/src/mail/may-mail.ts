import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { type LimitedMail, takeMailTurn } from "./mail-limit-store.ts";

/** Whether an account may be mailed what anybody can have sent to it: once in a while, however often it is asked for. */
export async function mayMail(
  app: Auth,
  tx: Transaction,
  userId: string,
  mail: LimitedMail,
): Promise<boolean> {
  const now = app.clock.now();
  const since = new Date(now.getTime() - app.mailPauseMs);
  return await takeMailTurn(tx, userId, mail, { now, since });
}
