import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import type {
  ListUsersRequest,
  ListUsersResponse,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Status } from "../accounts/account.ts";
import { accessTo, toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { listAccounts } from "./user-list-store.ts";

/** UserService.ListUsers. Throws INVALID_PAGE_TOKEN. */
export async function listUsers(
  app: Auth,
  request: ListUsersRequest,
  call: Call,
): Promise<ListUsersResponse> {
  const { role, status, email, userIds } = request;
  const filter = {
    role: role === "ROLE_UNSPECIFIED" ? undefined : (role as Role),
    status: status === "STATUS_UNSPECIFIED" ? undefined : (status as Status),
    email: email || undefined,
    ids: userIds.length > 0 ? userIds : undefined,
  };
  const page = app.pages.open(request, "users", filter.role, filter.status, filter.email, userIds.join());
  const found = await listAccounts(app.db, filter, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (user) => [user.createTime, user.id]);
  await app.audit.record(call, rows.map(accessTo));
  return { users: rows.map(toUser), nextPageToken };
}
