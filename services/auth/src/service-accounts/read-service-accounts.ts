import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  GetServiceAccountRequest,
  ListServiceAccountsRequest,
  ListServiceAccountsResponse,
  ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { findKeys } from "./client-key-store.ts";
import { entryOf, toServiceAccount } from "./service-account.ts";
import { findServiceAccount, listServiceAccounts as list } from "./service-account-store.ts";

/** ServiceAccountService.GetServiceAccount. Throws NOT_FOUND. */
export async function getServiceAccount(
  app: Auth,
  { serviceAccountId }: GetServiceAccountRequest,
  call: Call,
): Promise<ServiceAccount> {
  const account = await findServiceAccount(app.db, serviceAccountId);
  if (!account) throw new ApiError("NOT_FOUND");
  await app.audit.record(call, [entryOf(account)]);
  return toServiceAccount(account, await findKeys(app.db, account.id));
}

/** ServiceAccountService.ListServiceAccounts. Throws INVALID_PAGE_TOKEN. */
export async function listServiceAccounts(
  app: Auth,
  request: ListServiceAccountsRequest,
  call: Call,
): Promise<ListServiceAccountsResponse> {
  const page = app.pages.open(request, "service accounts");
  const found = await list(app.db, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.createTime, row.id]);
  await app.audit.record(call, rows.map(entryOf));
  return { serviceAccounts: rows.map((row) => toServiceAccount(row)), nextPageToken };
}
