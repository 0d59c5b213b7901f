import { setImmediate as nextTurn } from "node:timers/promises";
import { messageNamed } from "@medconnect/platform/contract/registry.ts";
import type { HttpBody } from "@medconnect/proto/google/api/httpbody.ts";
import type { ExportAuditEventsRequest } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { AuditEvent, AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { JsonWriter } from "../transcoding/json-writer.ts";
import { mergedAuditEvents } from "./audit-events.ts";
import type { ComposedCall } from "./composed-call.ts";

/**
 * Default and maximum number of events in an export: about 4 MB of JSON, read in a dozen calls to the
 * services.
 */
const SIZES = { byDefault: 10_000, atMost: 10_000 };
/** Number of events to convert to JSON at a stretch, about 1 ms of CPU. Then other requests may run. */
const EVENTS_PER_TURN = 200;

const writer = new JsonWriter(messageNamed("medconnect.audit.v1.AuditEvent"));

/**
 * Exports the audit trail as NDJSON, one event per line, newest first. The last line has the next page token.
 * An empty token means that the export is complete. If the line with the token is missing, the export was cut
 * off.
 */
export async function exportAuditEvents(
  request: ExportAuditEventsRequest,
  call: ComposedCall,
): Promise<HttpBody> {
  const { exportAuditEvents: method } = AuditServiceService;
  const { auditEvents, nextPageToken } = await mergedAuditEvents(request, call, method, SIZES);
  const lines: string[] = [];
  for (const [index, event] of auditEvents.entries()) {
    if (index % EVENTS_PER_TURN === 0) await nextTurn();
    lines.push(writer.write(AuditEvent.encode(event).finish()));
  }
  lines.push(JSON.stringify({ nextPageToken }));
  return { contentType: "", data: Buffer.from(`${lines.join("\n")}\n`), extensions: [] };
}
