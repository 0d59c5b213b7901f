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
 * AuthService.ResetPassword. Throws INVALID_LINK_TOKEN, and WEAK_PASSWORD, which leaves the link as it is. Signs nobody
 * in, so that a second factor is still asked for.
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
  const isDone = await app.calls.apply(call, async (tx) => {
    const isMine = await consumeLinkToken(tx, hash, app.clock.now());
    if (!isMine) return { response: false, entries: [] };
    // The link shows that the caller is the owner: guesses at the old password do not lock the new one.
    deleteCounters(tx, passwordCounters(app, account.email, call));
    await setPassword(app, tx, account, { passwordHash });
    // The link has proved as much.
    if (!account.emailVerified) markEmailVerified(tx, account.id);
    const entry = { resource: `users/${account.id}`, subjectIds: [account.id], actorId: account.id };
    return { response: true, entries: [entry] };
  });
  return isDone ? {} : await refuse(app, account.id, call);
}

/** The address must be proven, too: else a link could be mailed to another, and the address be put back. */
const isProven = (app: Auth, { link, account, accountProof }: FoundLink): boolean =>
  isGenuine(app.proofs, link, account.email) && isAccountProven(app, { ...account, accountProof });

async function refuse(app: Auth, userId: string | undefined, call: Call): Promise<never> {
  const subjectIds = userId ? [userId] : [];
  await app.audit.record(call, [{ resource: `users/${userId ?? "-"}`, subjectIds, outcome: "FAILURE" }]);
  throw new ApiError("INVALID_LINK_TOKEN");
}
