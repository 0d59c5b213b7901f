import type {
  ListAccessesRequest,
  ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { type Call, userOf } from "../grpc/call.ts";
import { findEventsAbout } from "./audit-list-store.ts";
import { type AuditReads, toAuditEvent } from "./list-audit-events.ts";

/**
 * AuditService.ListAccesses of one service: accesses to the data of the caller. If an audit line is also
 * about another user, the id of that user is left out.
 */
export async function listAccesses(
  { service, db, pages }: AuditReads,
  request: ListAccessesRequest,
  call: Call,
): Promise<ListAuditEventsResponse> {
  const { userId } = userOf(call);
  const { includeOwn, startTime, endTime } = request;
  const page = pages.open(request, "accesses", service, userId, String(includeOwn), startTime, endTime);
  const kinds = includeOwn ? (["OTHERS", "OWN"] as const) : (["OTHERS"] as const);
  const found = await findEventsAbout(db, page, { subjectId: userId, kinds }, { startTime, endTime });
  const { rows, nextPageToken } = pages.close(page, found, (row) => [row.occurTime, row.id]);
  const auditEvents = rows.map((row) => ({
    ...toAuditEvent(service, row),
    subjectIds: [userId],
    // The ids of the request and its trace are left out, because a different user may have sent that request.
    requestId: "",
    traceId: "",
  }));
  return { auditEvents, nextPageToken };
}
