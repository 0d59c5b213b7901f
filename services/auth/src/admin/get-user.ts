import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { GetUserRequest, User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { findAccount } from "../accounts/account-store.ts";
import { accessTo, toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";

/** UserService.GetUser. Throws NOT_FOUND. */
export async function getUser(app: Auth, { userId }: GetUserRequest, call: Call): Promise<User> {
  const account = await findAccount(app.db, userId);
  if (!account) throw new ApiError("NOT_FOUND");
  await app.audit.record(call, [accessTo(account)]);
  return toUser(account);
}
