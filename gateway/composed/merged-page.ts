import { createHash } from "node:crypto";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { AuditEvent } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import * as z from "zod";
import { isAway } from "./is-away.ts";
import { type Lister, mergeNewestFirst, type Position, pageAfter, positionOf } from "./merge-events.ts";

/** How many events a page has where the request does not say, and at most. */
export interface PageSizes {
  byDefault: number;
  atMost: number;
}

const LIST: PageSizes = { byDefault: 20, atMost: 100 };
/** The end of what a Timestamp can say. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** A page of a list that several services have a part of. */
export interface MergedRequest {
  pageSize: number;
  pageToken: string;
  endTime?: Date | undefined;
}

/** Request to each service: latest time, and page size. */
export type Part = Pick<MergedRequest, "pageSize" | "endTime">;

/**
 * One page of all services' events, newest first.
 *
 * The page token is the position of the last event shown, in an order that all events have. The next page
 * asks each service for what happened up to that millisecond and skips what comes before the position, so no
 * event is shown twice or left out, however the services cut their pages and whatever is recorded in the
 * meantime.
 *
 * @param scope what the token is bound to: every filter, but not the page's size
 * @param listersOf lists each service's part Throws INVALID_PAGE_TOKEN, and UNAVAILABLE while a service is
 *   away: a list with a gap would be taken for the whole.
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
    // Two more than shown: the last event of the page before comes again, and one tells whether there is a
    // next page.
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
    throw isAway(error) ? new ApiError("UNAVAILABLE", { cause: error }) : error;
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
    // Not a token of ours.
  }
  throw new ApiError("INVALID_PAGE_TOKEN");
}
