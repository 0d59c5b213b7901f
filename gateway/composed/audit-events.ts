import { createHash } from "node:crypto";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import {
  AuditServiceService,
  type ListAuditEventsRequest,
  type ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { z } from "zod";
import { SERVICE_NAMES } from "../services.ts";
import { isAway } from "./admin-stats.ts";
import type { ComposedCall } from "./composed-methods.ts";
import { type Lister, mergeNewestFirst, type Position, pageAfter, positionOf } from "./merge-events.ts";

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;
/** The end of what a Timestamp can say. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * The audit trail of all services as one list, newest first.
 *
 * The page token is the position of the last event shown, in an order that all events have. The next page asks each
 * service for what happened up to that millisecond and skips what comes before the position, so no event is shown
 * twice or left out, however the services cut their pages and whatever is recorded in the meantime.
 */
export async function listAuditEvents(
  request: ListAuditEventsRequest,
  { services, options }: ComposedCall,
): Promise<ListAuditEventsResponse> {
  const size = Math.min(request.pageSize || DEFAULT_SIZE, MAX_SIZE);
  const after = request.pageToken === "" ? undefined : decodeToken(request.pageToken, filtersOf(request));
  const filters = {
    ...request,
    // Two more than shown: the last event of the page before comes again, and one tells whether there is a next page.
    pageSize: request.pageSize < 0 ? request.pageSize : size + 2,
    endTime: after
      ? new Date(Math.min(after.timeMs + 1, request.endTime?.getTime() ?? LATEST_MS))
      : request.endTime,
  };
  const listers = servicesAsked(request).map((service): Lister => {
    const client = services.client(service);
    return async (pageToken) =>
      (await client.call(AuditServiceService.listAuditEvents, { ...filters, pageToken }, options)).message;
  });
  try {
    const { page, hasMore } = await pageAfter(mergeNewestFirst(listers), after, size);
    const last = page.at(-1);
    const nextPageToken = hasMore && last ? encodeToken(positionOf(last), filtersOf(request)) : "";
    return { auditEvents: page, nextPageToken };
  } catch (error) {
    // A trail with a gap would be taken for the whole.
    throw isAway(error) ? new ApiError("UNAVAILABLE", { cause: error }) : error;
  }
}

/** The one service that is asked for, or all; also for a name that is none, so that they refuse it. */
function servicesAsked({ service }: ListAuditEventsRequest): readonly string[] {
  const named = SERVICE_NAMES.filter((name) => name === service);
  return named.length > 0 ? named : SERVICE_NAMES;
}

/** What a token is bound to: the filters, not the page's size. */
function filtersOf({
  actorId,
  subjectId,
  action,
  service,
  startTime,
  endTime,
}: ListAuditEventsRequest): string {
  const filters = [actorId, subjectId, action, service, startTime?.getTime(), endTime?.getTime()];
  return createHash("sha256").update(JSON.stringify(filters)).digest("base64url").slice(0, 16);
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
