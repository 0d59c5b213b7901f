import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { GetMeRequest, User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { findAccount } from "./account-store.ts";
import { toUser } from "./user.ts";

/** UserService.GetMe. Throws NOT_FOUND if the account of the access token does not exist. */
export async function getMe(app: Auth, _: GetMeRequest, call: Call): Promise<User> {
  const account = await findAccount(app.db, userOf(call).userId);
  if (!account) throw new ApiError("NOT_FOUND");
  return toUser(account);
}
