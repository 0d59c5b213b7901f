import { changed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { SetUpTotpRequest, TotpSetup } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { lockTotp, savePendingTotp } from "./mfa-store.ts";
import { encryptTotpSecret, newTotpSecret, totpUri } from "./totp.ts";

/**
 * One grey channel and the filter "Up" (PNG specification, 9.2). The defaults, color and a trial of all five
 * filters, take twice the CPU and make the image twice as large.
 */
const PNG_OPTIONS = { type: "image/png", rendererOpts: { colorType: 0, filterType: 2 } } as const;

/** AuthService.SetUpTotp. Replaces a pending set-up. Throws MFA_ALREADY_ACTIVE, UNAUTHENTICATED. */
export async function setUpTotp(app: Auth, _: SetUpTotpRequest, call: Call): Promise<TotpSetup> {
  const caller = userOf(call);
  const { userId } = caller;
  const account = await findAccount(app.db, userId);
  if (!account) throw new ApiError("NOT_FOUND");
  const secret = newTotpSecret();
  const otpauthUri = totpUri(secret, account.email);
  // The library is loaded on demand, because it takes 9 MB of memory.
  const { toDataURL } = await import("qrcode");
  const qrCode = await toDataURL(otpauthUri, PNG_OPTIONS);
  return await app.calls.apply(call, async (tx) => {
    // The insert creates the row that the check then locks. So the check sees an activation by a concurrent
    // call.
    savePendingTotp(tx, userId, encryptTotpSecret(app.cipher, userId, secret));
    const totp = await lockTotp(tx, userId);
    if (totp?.activateTime) throw new ApiError("MFA_ALREADY_ACTIVE");
    await lockSession(tx, caller, app.clock.now());
    return changed({ secret, otpauthUri, qrCode }, { resource: `users/${userId}`, subjectIds: [userId] });
  });
}
