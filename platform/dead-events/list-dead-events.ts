import {
  type DeadEvent,
  type ListDeadEventsRequest,
  ListDeadEventsResponse,
} from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import type { Pages } from "../api/page-token.ts";
import type { AuditRecorder } from "../audit/recorder.ts";
import type { Database } from "../db/database.ts";
import type { Call } from "../grpc/call.ts";
import { isReplayable } from "../outbox/event-mac.ts";
import { type EventFacts, listDead } from "../outbox/outbox-store.ts";

interface App {
  readonly service: string;
  readonly db: Database;
  readonly pages: Pages;
  readonly audit: AuditRecorder;
}

/**
 * OutboxService.ListDeadEvents of one service. Throws INVALID_PAGE_TOKEN.
 */
export async function listDeadEvents(
  { service, db, pages, audit }: App,
  request: ListDeadEventsRequest,
  call: Call,
): Promise<ListDeadEventsResponse> {
  if (request.service !== service) return ListDeadEventsResponse.create();
  const page = pages.open(request, "dead events");
  const found = await listDead(db, page);
  const { rows, nextPageToken } = pages.close(page, found, (row) => [row.availableTime, row.id]);
  await audit.record(call, [{ resource: "dead-events", subjectIds: [] }]);
  return { deadEvents: rows.map(toDeadEvent), nextPageToken };
}

const toDeadEvent = (row: EventFacts): DeadEvent => ({
  id: row.id,
  type: row.type,
  aggregateId: row.aggregateId,
  destination: row.destination,
  createTime: row.createTime,
  failTime: row.availableTime,
  tries: row.refusals,
  reason: row.lastError ?? "",
  replayable: isReplayable(row),
});
