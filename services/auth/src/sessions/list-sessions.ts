import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  ListSessionsRequest,
  ListSessionsResponse,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { decryptClient } from "./session-client.ts";
import { listLiveSessions } from "./session-list-store.ts";

/** UserService.ListSessions. Throws INVALID_PAGE_TOKEN. */
export async function listSessions(
  app: Auth,
  request: ListSessionsRequest,
  call: Call,
): Promise<ListSessionsResponse> {
  const { userId, sessionId } = userOf(call);
  const page = app.pages.open(request, "sessions", userId);
  const found = await listLiveSessions(app.db, userId, app.clock.now(), page);
  const { rows, nextPageToken } = app.pages.close(page, found, ({ authTime, id }) => [authTime, id]);
  const sessions = rows.map(({ id, authTime, useTime, expireTime, remembered, client }) => ({
    id,
    createTime: authTime,
    lastUsedTime: useTime,
    expireTime,
    current: id === sessionId,
    remembered,
    // Both fields stay empty if the stored device was altered. The session is still listed, so that its user
    // can end it.
    ipAddress: "",
    userAgent: "",
    ...leaveOutAltered(app.log, [client], (encrypted) =>
      decryptClient(app.cipher, { id, userId }, encrypted),
    )[0],
  }));
  return { sessions, nextPageToken };
}
