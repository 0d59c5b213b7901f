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
/** Latest time that a protobuf Timestamp can hold. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Paging fields of a request for a list that covers all services. */
export interface MergedRequest {
  pageSize: number;
  pageToken: string;
  endTime?: Date | undefined;
}

/** Paging fields of the requests to the services. All other fields are copied from the client's request. */
export type Part = Pick<MergedRequest, "pageSize" | "endTime">;

/**
 * Reads one page of the events of all services, newest first.
 *
 * The page token is the position of the last event on the page. For the next page, each service lists its
 * events up to the millisecond of that event. The merge skips all events up to and including that event. No
 * event is repeated or lost, whatever the page sizes of the services, and even if new events are recorded
 * between two pages.
 *
 * Throws INVALID_PAGE_TOKEN. Throws UNAVAILABLE while a service is unavailable, because readers would mistake
 * a list with a gap for a complete one.
 *
 * @param scope filters of the request, without the page size; a page token is valid only for the filters that
 *   it was issued for
 * @param listersOf makes one lister for each service, from the paging fields of the requests to the services
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
    // Requests two events more than the page has: the last event of the previous page is listed again, and
    // one more event shows whether a next page exists.
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
    // A token that does not contain a position is refused like a token that was issued for other filters.
  }
  throw new ApiError("INVALID_PAGE_TOKEN");
}
