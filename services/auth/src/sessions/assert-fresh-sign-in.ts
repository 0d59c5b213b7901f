import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import type { Auth } from "../app.ts";

/** Throws REAUTHENTICATION_REQUIRED where the user has not proved lately who they are. */
export function assertFreshSignIn(app: Auth, { authTime }: Pick<UserCaller, "authTime">): void {
  if (app.clock.now().getTime() - authTime.getTime() > app.reauthenticationMs) {
    throw new ApiError("REAUTHENTICATION_REQUIRED");
  }
}
