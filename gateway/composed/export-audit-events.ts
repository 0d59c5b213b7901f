import { setImmediate as nextTurn } from "node:timers/promises";
import { registry } from "@medconnect/platform/contract/registry.ts";
import type { HttpBody } from "@medconnect/proto/google/api/httpbody.ts";
import type { ExportAuditEventsRequest } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { AuditEvent, AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { JsonWriter } from "../transcoding/json-writer.ts";
import { mergedTrail } from "./audit-events.ts";
import type { ComposedCall } from "./composed-call.ts";

/** About 4 MB, and a dozen calls to the services. */
const SIZES = { byDefault: 10_000, atMost: 10_000 };
/** So many events become text in about a millisecond; then others have their turn. */
const AT_ONCE = 200;

const writer = new JsonWriter(registry.getMessage("medconnect.audit.v1.AuditEvent")!);

/**
 * The audit trail as NDJSON, a line for each event, newest first. The last line has the token to go on with,
 * and is there also where there is nothing to go on with, so that who reads it knows to have it all.
 */
export async function exportAuditEvents(
  request: ExportAuditEventsRequest,
  call: ComposedCall,
): Promise<HttpBody> {
  const { exportAuditEvents: method } = AuditServiceService;
  const { auditEvents, nextPageToken } = await mergedTrail(request, call, method, SIZES);
  const lines: string[] = [];
  for (const [index, event] of auditEvents.entries()) {
    if (index % AT_ONCE === 0) await nextTurn();
    lines.push(writer.write(AuditEvent.encode(event).finish()));
  }
  lines.push(JSON.stringify({ nextPageToken }));
  return { contentType: "application/x-ndjson", data: Buffer.from(`${lines.join("\n")}\n`), extensions: [] };
}
