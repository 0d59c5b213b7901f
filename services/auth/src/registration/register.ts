import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { RegisterRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { newAccount } from "../accounts/account.ts";
import { createAccount } from "../accounts/create-account.ts";
import { toUser } from "../accounts/user.ts";
import { withConstantResponseTime } from "../accounts/with-constant-response-time.ts";
import type { Auth } from "../app.ts";
import { assertStrongPassword } from "../passwords/password-rules.ts";
import { registerByMail } from "./register-by-mail.ts";

/**
 * AuthService.Register. Throws WEAK_PASSWORD, EMAIL_TAKEN; where e-mail addresses must be verified the latter is told by
 * mail, the answer is empty, and there is no account before `verifyEmail`.
 */
export async function register(app: Auth, request: RegisterRequest, call: Call): Promise<User> {
  const { email, password, fullName } = request;
  // The field's rule lets PATIENT and DOCTOR through only.
  const account = newAccount({ email, fullName, role: request.role as Role }, app.clock.now());
  assertStrongPassword(password, account);
  // Before the e-mail is looked at, so that the time does not tell whether it is known.
  const passwordHash = await app.hasher.hash(password, call.deadline);
  if (app.mustVerifyEmail) {
    await withConstantResponseTime(app, () => registerByMail(app, { account, passwordHash }, call));
    return User.fromPartial({});
  }
  return await app.calls.apply(call, async (tx) => {
    const entry = await createAccount(tx, { account, passwordHash }, app.hash);
    return { response: toUser(account), entries: [entry] };
  });
}
