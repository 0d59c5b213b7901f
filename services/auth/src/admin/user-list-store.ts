import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { Account, Status } from "../accounts/account.ts";
import { ACCOUNT_COLUMNS, ACCOUNTS, type AccountRow, toAccount } from "../accounts/account-store.ts";

/** Filters of the list of accounts. An undefined filter matches every account. */
export interface AccountFilter {
  role: Role | undefined;
  status: Status | undefined;
  email: string | undefined;
  ids: string[] | undefined;
}

/**
 * Filter by ids. They are passed as one JSON array, because a prepared statement has no placeholder for a
 * list.
 */
const IS_NAMED = `u.id IN (SELECT UUID_TO_BIN(named.id)
  FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) named)`;

/**
 * Lists a page of the accounts that match all filters, newest first. The inner statement reads the page by a
 * forced index, so that MySQL does not join and sort all accounts. A filter by status, unless combined with
 * e-mail or ids, may read very many rows, so it uses the connection pool for scans.
 */
export async function listAccounts(db: Database, filter: AccountFilter, page: Page): Promise<Account[]> {
  const { sql, params } = where(
    ["u.role = ?", filter.role],
    ["u.status = ?", filter.status],
    ["u.email = ?", filter.email],
    filter.ids && [IS_NAMED, JSON.stringify(filter.ids)],
    before("u.create_time", "u.id", page.after),
  );
  const isKeyed = filter.status === undefined || filter.email !== undefined || filter.ids !== undefined;
  const rows = await db[isKeyed ? "read" : "scan"]<AccountRow>(
    `SELECT ${ACCOUNT_COLUMNS} FROM (SELECT u.id FROM users u FORCE INDEX (${keyOf(filter)}) ${sql}
       ORDER BY u.create_time DESC, u.id DESC LIMIT ?) page
     JOIN (${ACCOUNTS}) ON u.id = page.id ORDER BY u.create_time DESC, u.id DESC`,
    [...params, limitOf(page)],
  );
  return rows.map(toAccount);
}

function keyOf({ email, ids, role }: AccountFilter): string {
  if (email !== undefined) return "users_email";
  if (ids) return "PRIMARY";
  return role ? "users_role" : "users_time";
}
