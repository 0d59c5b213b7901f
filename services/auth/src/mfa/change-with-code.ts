import { type Effect, failed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { Account } from "../accounts/account.ts";
import { accessTo } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { provePassword } from "../passwords/prove-password.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { proveCode } from "./prove-code.ts";

/**
 * Password and code that the caller sends again, because a stolen session must not change the second factor.
 */
export interface Proof {
  password: string;
  code: string;
}

/**
 * Changes the caller's second factor after a check of the password and of a code. The code is consumed in the
 * transaction of the change. Throws UNAUTHENTICATED and MFA_NOT_ACTIVE. Throws INVALID_CREDENTIALS and
 * INVALID_MFA_CODE, and audits these two.
 */
export async function changeWithCode<Response>(
  app: Auth,
  { password, code }: Proof,
  call: Call,
  change: (tx: Transaction, account: Account) => Effect<Response>,
): Promise<Response> {
  const caller = userOf(call);
  await provePassword(app, password, call);
  return await app.calls.apply(call, async (tx) => {
    if (!(await proveCode(app, tx, caller.userId, code))) {
      const entry = accessTo({ id: caller.userId });
      return failed(new ApiError("INVALID_MFA_CODE"), { ...entry, outcome: "FAILURE" });
    }
    return change(tx, await lockSession(tx, caller, app.clock.now()));
  });
}
