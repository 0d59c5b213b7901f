import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Position } from "../db/filters.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import { ApiError } from "../errors/api-error.ts";

const DEFAULT_SIZE = 20;
/** Maximum number of items on a page, unless a list has its own. */
export const MAX_PAGE_SIZE = 100;
const MAC_BYTES = 16;
/** Maximum length of a page token in characters, as the contract states. */
export const MAX_TOKEN_LENGTH = 512;

interface ListRequest {
  pageSize: number;
  pageToken: string;
  /** Maximum size of a page of this list; default: 100. */
  maxPageSize?: number;
}

/** A page to read. Its query selects one row more than `size`, to find out whether there is a next page. */
export interface Page {
  size: number;
  /** Sort key of the row after which the page starts; undefined for the first page. */
  after: Position | undefined;
  /** Scope of the list (see `open`). The token of the next page is bound to this scope. */
  filters: string;
}

/**
 * Keyset pagination (AIP-158): a page token holds the sort key of the last row of its page, so page 10,000
 * costs as much as page 1. A MAC binds the token to the name of the list and its filters. If the list depends
 * on the caller, the MAC binds the token to the caller, too.
 */
export class Pages {
  readonly #hash: KeyedHash;

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  /**
   * Reads the page token of a request. Throws INVALID_PAGE_TOKEN for a token that was made for a different
   * scope.
   *
   * @param scope values that the token is bound to: the name of the list, every filter, and the caller if the
   *   list depends on the caller
   */
  open(
    { pageSize, pageToken, maxPageSize = MAX_PAGE_SIZE }: ListRequest,
    ...scope: (string | number | Date | undefined)[]
  ): Page {
    const filters = JSON.stringify(scope);
    const size = Math.min(pageSize || DEFAULT_SIZE, maxPageSize);
    return { size, after: pageToken === "" ? undefined : this.#decode(pageToken, filters), filters };
  }

  /**
   * Cuts the rows to the size of the page. @returns the rows to show, and the token of the next page ("" on
   * the last page)
   */
  close<Row>(
    page: Page,
    rows: Row[],
    position: (row: Row) => Position,
  ): { rows: Row[]; nextPageToken: string } {
    const last = rows[page.size - 1];
    if (!last || rows.length <= page.size) return { rows, nextPageToken: "" };
    return { rows: rows.slice(0, page.size), nextPageToken: this.#encode(position(last), page.filters) };
  }

  #encode(position: Position, filters: string): string {
    const body = Buffer.from(JSON.stringify(position.map(toJson)));
    const token = Buffer.concat([this.#mac(body, filters), body]).toString("base64url");
    // A token that is too long is a bug in the use case that reads the list: its sort key must consist of
    // columns of bounded length.
    if (token.length > MAX_TOKEN_LENGTH) throw new Error("a list's sort key is too long for a page token");
    return token;
  }

  #decode(token: string, filters: string): Position {
    const bytes = Buffer.from(token, "base64url");
    const body = bytes.subarray(MAC_BYTES);
    if (!this.#mac(body, filters).equals(bytes.subarray(0, MAC_BYTES)))
      throw new ApiError("INVALID_PAGE_TOKEN");
    return (JSON.parse(body.toString()) as JsonPart[]).map(fromJson);
  }

  #mac(body: Uint8Array, filters: string): Buffer {
    return this.#hash.of("page", filters, body).subarray(0, MAC_BYTES);
  }
}

type JsonPart = string | number | { timeMs: number } | { bytes: string };

function toJson(part: Position[number]): JsonPart {
  if (part instanceof Date) return { timeMs: part.getTime() };
  return Buffer.isBuffer(part) ? { bytes: part.toString("base64url") } : part;
}

function fromJson(part: JsonPart): Position[number] {
  if (typeof part !== "object") return part;
  return "timeMs" in part ? new Date(part.timeMs) : Buffer.from(part.bytes, "base64url");
}

/** Parameter for `LIMIT ?`: one row more than the page shows. */
export const limitOf = (page: Page): SqlScalar => page.size + 1;
