import { applyMask, assertEtag, isUnchanged } from "@medconnect/platform/api/update-mask.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { UpdateMeRequest, User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import type { Account, Profile } from "./account.ts";
import { lockAccount, updateProfile } from "./account-store.ts";
import { assertBorn, PROFILE_FIELDS } from "./profile-rules.ts";
import { toUser, userEvent } from "./user.ts";

/** UserService.UpdateMe. Throws INVALID_REQUEST, ETAG_MISMATCH. */
export async function updateMe(app: Auth, { user, updateMask }: UpdateMeRequest, call: Call): Promise<User> {
  // biome-ignore lint/style/noNonNullAssertion: the field rule requires the user
  const patch = user!;
  const { userId } = userOf(call);
  return await app.calls.apply(call, async (tx) => {
    // The lock serializes concurrent updates, so none is lost and none has to be retried.
    const current = await lockAccount(tx, userId);
    if (!current) throw new ApiError("NOT_FOUND");
    assertEtag(patch.etag, current.version);
    const profile = applyMask<Profile>(current, patch, updateMask, PROFILE_FIELDS);
    assertBorn(profile, app.clock.now());
    if (isUnchanged<Profile>(current, profile, PROFILE_FIELDS)) return unchanged(toUser(current));
    const account: Account = { ...current, ...profile, version: current.version + 1 };
    updateProfile(tx, userId, account);
    return changed(toUser(account), {
      resource: `users/${userId}`,
      subjectIds: [userId],
      events: isPublished(current, account) ? [userEvent("user.updated", account)] : [],
    });
  });
}

/** True if the change affects a field of which other services keep a copy. */
const isPublished = (before: Account, after: Account): boolean =>
  before.fullName !== after.fullName || before.region !== after.region;
