import {
  type AuditEvent,
  type ListAuditEventsRequest,
  ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import type { Pages } from "../api/page-token.ts";
import type { Database } from "../db/database.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import { ACCESS_KINDS, type AuditRow, findAuditEvents, findEventsAbout } from "./audit-list-store.ts";
import type { AuditRecorder } from "./recorder.ts";

export interface AuditReads {
  readonly service: string;
  readonly db: Database;
  readonly pages: Pages;
  readonly audit: AuditRecorder;
}

/** Larger than the maximum of other lists, because an export through the gateway reads 10,000 lines. */
const MAX_PAGE_SIZE = 1000;

/**
 * AuditService.ListAuditEvents and ExportAuditEvents of one service. A read of the first page writes an audit
 * line. This line is newer than all lines on later pages, so an export never contains it. Page tokens are
 * bound to their caller. So nobody can read a later page without an audit line about the first page.
 */
export async function listAuditEvents(
  { service, db, pages, audit }: AuditReads,
  request: ListAuditEventsRequest,
  call: Call,
): Promise<ListAuditEventsResponse> {
  if (request.service !== "" && request.service !== service) return ListAuditEventsResponse.create();
  const { actorId, subjectId, action, startTime, endTime } = request;
  const asked = { ...request, maxPageSize: MAX_PAGE_SIZE };
  const scope = [actorId, subjectId, action, startTime, endTime];
  const page = pages.open(asked, "audit", service, actorOf(call), ...scope);
  const filter = { actorId, action, startTime, endTime };
  const found =
    subjectId === ""
      ? await findAuditEvents(db, page, filter)
      : await findEventsAbout(db, page, { subjectId, kinds: ACCESS_KINDS }, filter);
  const { rows, nextPageToken } = pages.close(page, found, (row) => [row.occurTime, row.id]);
  if (!page.after) {
    await audit.record(call, [{ resource: "audit-events", subjectIds: subjectId === "" ? [] : [subjectId] }]);
  }
  return { auditEvents: rows.map((row) => toAuditEvent(service, row)), nextPageToken };
}

export const toAuditEvent = (service: string, row: AuditRow): AuditEvent => ({
  id: row.id,
  service,
  action: row.action,
  actorId: row.actorId,
  subjectIds: row.subjectIds,
  resource: row.resource,
  outcome: row.outcome,
  requestId: row.requestId,
  traceId: row.traceId,
  occurTime: row.occurTime,
  grantId: row.grantId ?? "",
});
