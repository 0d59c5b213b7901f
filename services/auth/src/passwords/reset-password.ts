import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ResetPasswordRequest,
  ResetPasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { isAccountProven } from "../accounts/account-proofs.ts";
import { markEmailVerified } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { consumeLinkToken, type FoundLink, findLink } from "../links/link-token-store.ts";
import { isGenuine, linkTokenHash } from "../links/link-tokens.ts";
import { passwordCounters } from "../lockouts/attempt-counters.ts";
import { deleteCounters } from "../lockouts/lockout-store.ts";
import { assertStrongPassword } from "./password-rules.ts";
import { setPassword } from "./set-password.ts";

/**
 * AuthService.ResetPassword. Opens no session, so the next login still requires the second factor. Throws
 * INVALID_LINK_TOKEN. Throws WEAK_PASSWORD, after which the link stays valid.
 */
export async function resetPassword(
  app: Auth,
  { token, password }: ResetPasswordRequest,
  call: Call,
): Promise<ResetPasswordResponse> {
  const hash = linkTokenHash(token);
  const found = await findLink(app.db, hash, app.clock.now());
  if (found && !isProven(app, found)) return await refuse(app, undefined, call);
  const account = found?.account;
  if (account?.status !== "ACTIVE") return await refuse(app, account?.id, call);
  assertStrongPassword(password, account);
  const passwordHash = await app.hasher.hash(password, call.deadline);
  const isReset = await app.calls.apply(call, async (tx) => {
    if (!(await consumeLinkToken(tx, hash, app.clock.now()))) return unchanged(false);
    // The link proves that the caller owns the account. So the counters are reset: guesses at the old
    // password must not lock the new one.
    deleteCounters(tx, passwordCounters(app, account.email, call));
    await setPassword(app, tx, account, { passwordHash });
    if (!account.emailVerified) markEmailVerified(tx, account.id);
    const entry = { resource: `users/${account.id}`, subjectIds: [account.id], actorId: account.id };
    return changed(true, entry);
  });
  return isReset ? {} : await refuse(app, account.id, call);
}

/**
 * Checks the proofs of the link and of the account. Otherwise, an attacker who can write to the database
 * could change the account's address, have a link mailed to the new address, and restore the old one.
 */
const isProven = (app: Auth, { link, account, accountProof }: FoundLink): boolean =>
  isGenuine(app.proofs, link, account.email) && isAccountProven(app, { ...account, accountProof });

async function refuse(app: Auth, userId: string | undefined, call: Call): Promise<never> {
  const subjectIds = userId ? [userId] : [];
  await app.audit.record(call, [{ resource: `users/${userId ?? "-"}`, subjectIds, outcome: "FAILURE" }]);
  throw new ApiError("INVALID_LINK_TOKEN");
}
