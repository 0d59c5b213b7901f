import { limitOf, type Page } from "../api/page-token.ts";
import type { Database } from "../db/database.ts";
import { before, type Filter, where } from "../db/filters.ts";
import type { AuditRecord } from "./audit-store.ts";

/** A line of the audit trail, as the database returns it. */
export interface AuditRow extends Omit<AuditRecord, "grantId"> {
  grantId: string | null;
}

/** Conditions that events must match. An absent or empty value matches all events. */
export interface AuditFilter {
  actorId?: string;
  action?: string;
  startTime?: Date | undefined;
  endTime?: Date | undefined;
}

/**
 * Kinds of audit lines about a subject: successful access by others, successful access by the subject, and
 * failures or denials. Each kind has its own range in the index.
 */
export const ACCESS_KINDS = ["OTHERS", "OWN", "UNSUCCESSFUL"] as const;
type AccessKind = (typeof ACCESS_KINDS)[number];

const COLUMNS = `id, action, actor_id AS actorId, subject_ids AS subjectIds, resource, outcome, request_id AS requestId,
  trace_id AS traceId, occur_time AS occurTime, grant_id AS grantId`;
const ORDER = "ORDER BY occur_time DESC, id DESC LIMIT ?";
const UNION_ORDER = "ORDER BY occurTime DESC, id DESC LIMIT ?";

/** Finds events that match the filter, newest first, after the position of the page. */
export async function findAuditEvents(db: Database, page: Page, filter: AuditFilter): Promise<AuditRow[]> {
  const { sql, params } = where(...filtersOf(filter), before("occur_time", "id", page.after));
  return await db.scan<AuditRow>(`SELECT ${COLUMNS} FROM audit_events ${sql} ${ORDER}`, [
    ...params,
    limitOf(page),
  ]);
}

/**
 * Finds the lines about one subject, of the given kinds, that match the filter, newest first. Reads only the
 * newest lines of each kind, from the end of the index range of that kind. So lines of other kinds cost
 * nothing.
 */
export async function findEventsAbout(
  db: Database,
  page: Page,
  { subjectId, kinds }: { subjectId: string; kinds: readonly AccessKind[] },
  filter: AuditFilter,
): Promise<AuditRow[]> {
  const filters = filtersOf(filter);
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

const filtersOf = ({ actorId, action, startTime, endTime }: AuditFilter): Filter[] => [
  ["actor_id = ?", actorId || undefined],
  ["action = ?", action || undefined],
  ["occur_time >= ?", startTime],
  ["occur_time < ?", endTime],
];
