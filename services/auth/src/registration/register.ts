import { changed } from "@medconnect/platform/changes/effect.ts";
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
 * AuthService.Register. Throws WEAK_PASSWORD, EMAIL_TAKEN. If e-mail addresses must be verified, the response
 * is empty, and `verifyEmail` creates the account later. A taken address is then reported only by mail.
 */
export async function register(app: Auth, request: RegisterRequest, call: Call): Promise<User> {
  const { email, password, fullName } = request;
  // The field rule accepts only PATIENT and DOCTOR.
  const account = newAccount({ email, fullName, role: request.role as Role }, app.clock.now());
  assertStrongPassword(password, account);
  // Hash before the look-up, so the response time does not show whether the e-mail is known.
  const passwordHash = await app.hasher.hash(password, call.deadline);
  if (app.mustVerifyEmail) {
    await withConstantResponseTime(app, () => registerByMail(app, { account, passwordHash }, call));
    return User.fromPartial({});
  }
  return await app.calls.apply(call, async (tx) => {
    const entry = await createAccount(tx, { account, passwordHash }, app.hash);
    return changed(toUser(account), entry);
  });
}
