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
  actor_id: string;
  subject_ids: string[];
  resource: string;
  outcome: Outcome;
  request_id: string;
  trace_id: string;
  occur_time: Date;
  grant_id: string | null;
}

export interface AuditReads {
  /** Name of this service. */
  readonly service: string;
  readonly db: Database;
  readonly pages: Pages;
  readonly audit: AuditRecorder;
}

/** More than elsewhere, as the gateway exports ten thousand at once. */
const MAX_PAGE_SIZE = 1000;

/**
 * AuditService.ListAuditEvents and ExportAuditEvents of one service. Who reads the trail is in the trail: a line for the
 * first page, under the method's own name. It is newer than all that the later pages show, so no export chases its own
 * lines, and a page's token serves its own caller alone, so none is read without a line.
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
  const { rows, nextPageToken } = pages.close(page, found, (row) => [row.occur_time, row.id]);
  if (!page.after) {
    await audit.record(call, [{ resource: "audit-events", subjectIds: subjectId === "" ? [] : [subjectId] }]);
  }
  return { auditEvents: rows.map((row) => toAuditEvent(service, row)), nextPageToken };
}

const COLUMNS =
  "id, action, actor_id, subject_ids, resource, outcome, request_id, trace_id, occur_time, grant_id";
const ORDER = "ORDER BY occur_time DESC, id DESC LIMIT ?";

/** Kinds of lines about a subject: successful by others, successful by the subject, and failed or denied. */
const ACCESS_KINDS = ["OTHERS", "OWN", "UNSUCCESSFUL"] as const;
type AccessKind = (typeof ACCESS_KINDS)[number];

/** Events that match every filter, newest first, from the page's position on. */
async function findAuditEvents(db: Database, page: Page, filters: Filter[]): Promise<AuditRow[]> {
  const { sql, params } = where(...filters, before("occur_time", "id", page.after));
  return await db.scan<AuditRow>(`SELECT ${COLUMNS} FROM audit_events ${sql} ${ORDER}`, [
    ...params,
    limitOf(page),
  ]);
}

/**
 * Same as `findAuditEvents`, of the given kinds about one subject. Reads the newest lines of each kind from the end of its
 * own key range, so lines of other kinds cost nothing.
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
  return await db.scan<AuditRow>(`${selects.join(" UNION ALL ")} ${ORDER}`, [
    ...ranges.flatMap(({ params }) => [...params, limitOf(page)]),
    limitOf(page),
  ]);
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
