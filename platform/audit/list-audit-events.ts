import {
  type AuditEvent,
  type ListAuditEventsRequest,
  ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import type { Database } from "../db/database.ts";
import { before, type Filter, where } from "../db/filters.ts";
import { limitOf, type Page, type Pages } from "../page-token.ts";
import type { Outcome } from "./audit-store.ts";

interface AuditRow {
  id: string;
  action: string;
  actor_id: string;
  subject_ids: string[];
  resource: string;
  outcome: Outcome;
  request_id: string;
  trace_id: string;
  occur_time: Date;
  grant_id: string | null;
}

/** More than elsewhere, as the gateway exports ten thousand at once. */
const MAX_PAGE_SIZE = 1000;

/** AuditService.ListAuditEvents of one service. */
export const listAuditEvents =
  (service: string, db: Database, pages: Pages) =>
  async (request: ListAuditEventsRequest): Promise<ListAuditEventsResponse> => {
    if (request.service !== "" && request.service !== service) return ListAuditEventsResponse.create();
    const { actorId, subjectId, action, startTime, endTime } = request;
    const asked = { ...request, maxPageSize: MAX_PAGE_SIZE };
    const page = pages.open(asked, "audit", service, actorId, subjectId, action, startTime, endTime);
    const found = await findAuditEvents(db, page, [
      ["actor_id = ?", actorId || undefined],
      ["? MEMBER OF (subject_ids)", subjectId || undefined],
      ["action = ?", action || undefined],
      ["occur_time >= ?", startTime],
      ["occur_time < ?", endTime],
    ]);
    const { rows, nextPageToken } = pages.close(page, found, (row) => [row.occur_time, row.id]);
    return { auditEvents: rows.map((row) => toAuditEvent(service, row)), nextPageToken };
  };

/** Events that match every filter, newest first, from the page's position on. */
export async function findAuditEvents(db: Database, page: Page, filters: Filter[]): Promise<AuditRow[]> {
  const { sql, params } = where(...filters, before("occur_time", "id", page.after));
  return await db.read<AuditRow>(
    `SELECT id, action, actor_id, subject_ids, resource, outcome, request_id, trace_id, occur_time, grant_id
     FROM audit_events ${sql} ORDER BY occur_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}

export const toAuditEvent = (service: string, row: AuditRow): AuditEvent => ({
  id: row.id,
  service,
  action: row.action,
  actorId: row.actor_id,
  subjectIds: row.subject_ids,
  resource: row.resource,
  outcome: row.outcome,
  requestId: row.request_id,
  traceId: row.trace_id,
  occurTime: row.occur_time,
  grantId: row.grant_id ?? "",
});
