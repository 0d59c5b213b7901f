import { changed } from "@medconnect/platform/changes/effect.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { LogoutRequest, LogoutResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { endSessions } from "./end-sessions.ts";

/** AuthService.Logout: ends the session of the call's access token. */
export async function logout(app: Auth, _: LogoutRequest, call: Call): Promise<LogoutResponse> {
  const { userId, sessionId } = userOf(call);
  return await app.calls.apply(call, async (tx) => {
    endSessions(app, tx, [sessionId], app.clock.now());
    return changed({}, { resource: `sessions/${sessionId}`, subjectIds: [userId] });
  });
}
