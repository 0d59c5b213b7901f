import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { limitOf, type Page } from "@medconnect/platform/page-token.ts";
import {
  ACCOUNT_COLUMNS,
  ACCOUNTS,
  type Account,
  type AccountRow,
  type Status,
  toAccount,
} from "../accounts/account-store.ts";

/** Which accounts to list; undefined is any. */
export interface AccountFilter {
  role: Role | undefined;
  status: Status | undefined;
  email: string | undefined;
  ids: string[] | undefined;
}

/** Takes the ids as a JSON array: a prepared statement has no placeholder for a list. */
const IS_NAMED = `u.id IN (SELECT named.id
  FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) named)`;

/** Accounts that match every filter, newest first, from the page's position on. */
export async function listAccounts(db: Database, filter: AccountFilter, page: Page): Promise<Account[]> {
  const { sql, params } = where(
    ["u.role = ?", filter.role],
    ["u.status = ?", filter.status],
    ["u.email = ?", filter.email],
    filter.ids && [IS_NAMED, JSON.stringify(filter.ids)],
    before("u.create_time", "u.id", page.after),
  );
  const rows = await db.read<AccountRow>(
    `SELECT ${ACCOUNT_COLUMNS} FROM ${ACCOUNTS} ${sql} ORDER BY u.create_time DESC, u.id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
  return rows.map(toAccount);
}
