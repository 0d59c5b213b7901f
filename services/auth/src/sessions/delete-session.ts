import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  DeleteSessionRequest,
  DeleteSessionResponse,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { endSessions } from "./end-sessions.ts";
import { lockSessionOwner } from "./session-list-store.ts";

/**
 * UserService.DeleteSession. A repeated call changes nothing. Throws NOT_FOUND, also for another user's
 * session.
 */
export async function deleteSession(
  app: Auth,
  { sessionId }: DeleteSessionRequest,
  call: Call,
): Promise<DeleteSessionResponse> {
  const { userId } = userOf(call);
  const resource = `sessions/${sessionId}`;
  return await app.calls.apply(call, async (tx) => {
    const session = await lockSessionOwner(tx, sessionId);
    if (!session) throw new ApiError("NOT_FOUND");
    if (session.userId !== userId) throw hiddenFrom(resource, session.userId);
    if (session.endTime) return unchanged({});
    endSessions(app, tx, [sessionId], app.clock.now());
    return changed({}, { resource, subjectIds: [userId] });
  });
}
