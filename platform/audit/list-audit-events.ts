import {
  type AuditEvent,
  type ListAuditEventsRequest,
  ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { limitOf, type Page, type Pages } from "../api/page-token.ts";
import type { Database } from "../db/database.ts";
import { before, type Filter, where } from "../db/filters.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { Outcome } from "./audit-store.ts";
import type { AuditRecorder } from "./recorder.ts";

interface AuditRow {
  id: string;
  action: string;
  actorId: string;
  subjectIds: string[];
  resource: string;
  outcome: Outcome;
  requestId: string;
  traceId: string;
  occurTime: Date;
  grantId: string | null;
}

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
  const filters: Filter[] = [
    ["actor_id = ?", actorId || undefined],
    ["action = ?", action || undefined],
    ["occur_time >= ?", startTime],
    ["occur_time < ?", endTime],
  ];
  const found =
    subjectId === ""
      ? await findAuditEvents(db, page, filters)
      : await findEventsAbout(db, page, { subjectId, kinds: ACCESS_KINDS }, filters);
  const { rows, nextPageToken } = pages.close(page, found, (row) => [row.occurTime, row.id]);
  if (!page.after) {
    await audit.record(call, [{ resource: "audit-events", subjectIds: subjectId === "" ? [] : [subjectId] }]);
  }
  return { auditEvents: rows.map((row) => toAuditEvent(service, row)), nextPageToken };
}

const COLUMNS = `id, action, actor_id AS actorId, subject_ids AS subjectIds, resource, outcome, request_id AS requestId,
  trace_id AS traceId, occur_time AS occurTime, grant_id AS grantId`;
const ORDER = "ORDER BY occur_time DESC, id DESC LIMIT ?";
const UNION_ORDER = "ORDER BY occurTime DESC, id DESC LIMIT ?";

/**
 * Kinds of audit lines about a subject: successful access by others, successful access by the subject, and
 * failures or denials. Each kind has its own range in the index.
 */
const ACCESS_KINDS = ["OTHERS", "OWN", "UNSUCCESSFUL"] as const;
type AccessKind = (typeof ACCESS_KINDS)[number];

/** Finds events that match every filter, newest first, after the position of the page. */
async function findAuditEvents(db: Database, page: Page, filters: Filter[]): Promise<AuditRow[]> {
  const { sql, params } = where(...filters, before("occur_time", "id", page.after));
  return await db.scan<AuditRow>(`SELECT ${COLUMNS} FROM audit_events ${sql} ${ORDER}`, [
    ...params,
    limitOf(page),
  ]);
}

/**
 * Finds the lines about one subject, of the given kinds, that match every filter, newest first. Reads only
 * the newest lines of each kind, from the end of the index range of that kind. So lines of other kinds cost
 * nothing.
 */
export async function findEventsAbout(
  db: Database,
  page: Page,
  { subjectId, kinds }: { subjectId: string; kinds: readonly AccessKind[] },
  filters: Filter[],
): Promise<AuditRow[]> {
  const ranges = ["1", "2"].flatMap((place) =>
    kinds.map((kind) =>
      where(
        [`subject_${place} = ?`, subjectId],
        [`access_${place} = ?`, kind],
        ...filters,
        before("occur_time", "id", page.after),
      ),
    ),
  );
  const selects = ranges.map(({ sql }) => `(SELECT ${COLUMNS} FROM audit_events ${sql} ${ORDER})`);
  return await db.scan<AuditRow>(`${selects.join(" UNION ALL ")} ${UNION_ORDER}`, [
    ...ranges.flatMap(({ params }) => [...params, limitOf(page)]),
    limitOf(page),
  ]);
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
