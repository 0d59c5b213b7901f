import { createHash } from "node:crypto";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { AuditEvent } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import * as z from "zod";
import { isUnavailable } from "./is-unavailable.ts";
import { type Lister, mergeNewestFirst, type Position, pageAfter, positionOf } from "./merge-events.ts";

/** Default and maximum number of events on a page. */
export interface PageSizes {
  byDefault: number;
  atMost: number;
}

const LIST: PageSizes = { byDefault: 20, atMost: 100 };
/** Latest time of a Timestamp. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Request for a page of a list that is spread over services. */
export interface MergedRequest {
  pageSize: number;
  pageToken: string;
  endTime?: Date | undefined;
}

/** Fields that differ in the requests to the services. */
export type Part = Pick<MergedRequest, "pageSize" | "endTime">;

/**
 * Reads one page of all services' events, newest first.
 *
 * The page token is the position of the last event shown, in an order over the events of all services. For
 * the next page, each service lists events up to that millisecond, and those up to the position are skipped.
 * No event is repeated or lost, whatever the page sizes of the services and whatever is recorded meanwhile.
 *
 * Throws INVALID_PAGE_TOKEN, and UNAVAILABLE while a service is unavailable, because readers would take a
 * list with a gap for complete.
 *
 * @param scope filters that the token is bound to: all but the page size
 * @param listersOf lists each service's part
 */
export async function mergedPage(
  request: MergedRequest,
  scope: readonly (string | number | boolean | undefined)[],
  listersOf: (part: Part) => Lister[],
  sizes = LIST,
): Promise<{ page: AuditEvent[]; nextPageToken: string }> {
  const filters = createHash("sha256").update(JSON.stringify(scope)).digest("base64url").slice(0, 16);
  const size = Math.min(request.pageSize || sizes.byDefault, sizes.atMost);
  const after = request.pageToken === "" ? undefined : decodeToken(request.pageToken, filters);
  const listers = listersOf({
    // Two more than shown: the last event of the previous page comes again, and one more shows if a next page
    // exists.
    pageSize: request.pageSize < 0 ? request.pageSize : size + 2,
    endTime: after
      ? new Date(Math.min(after.timeMs + 1, request.endTime?.getTime() ?? LATEST_MS))
      : request.endTime,
  });
  try {
    const { page, hasMore } = await pageAfter(mergeNewestFirst(listers), after, size);
    const last = page.at(-1);
    return { page, nextPageToken: hasMore && last ? encodeToken(positionOf(last), filters) : "" };
  } catch (error) {
    throw isUnavailable(error) ? new ApiError("UNAVAILABLE", { cause: error }) : error;
  }
}

const Token = z.tuple([z.number().int().min(0).lt(LATEST_MS), z.string().max(64), z.string()]);

const encodeToken = ({ timeMs, id }: Position, filters: string): string =>
  Buffer.from(JSON.stringify([timeMs, id, filters])).toString("base64url");

function decodeToken(token: string, filters: string): Position {
  try {
    const [timeMs, id, boundTo] = Token.parse(JSON.parse(Buffer.from(token, "base64url").toString()));
    if (boundTo === filters) return { timeMs, id };
  } catch {
    // Refused below, as a token for other filters is.
  }
  throw new ApiError("INVALID_PAGE_TOKEN");
}
