import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  VerifyEmailRequest,
  VerifyEmailResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { findLinkOwner } from "../links/link-token-store.ts";
import { linkTokenHash } from "../links/mail-link.ts";
import { lockAccount, markEmailVerified } from "./account-store.ts";

/**
 * AuthService.VerifyEmail; repeating it changes nothing, as mail programs and impatient people do. Throws
 * INVALID_LINK_TOKEN.
 */
export const verifyEmail =
  (app: Auth) =>
  async ({ token }: VerifyEmailRequest, call: Call): Promise<VerifyEmailResponse> => {
    const owner = await findLinkOwner(app.db, linkTokenHash(token), "VERIFY_EMAIL", app.clock.now());
    if (!owner) throw new ApiError("INVALID_LINK_TOKEN");
    return await app.changes.apply(call, async (tx) => {
      const account = await lockAccount(tx, owner.id);
      if (account!.emailVerified) return { response: {}, trails: [] };
      markEmailVerified(tx, owner.id);
      const trail = { resource: `users/${owner.id}`, subjectIds: [owner.id], actorId: owner.id };
      return { response: {}, trails: [trail] };
    });
  };
