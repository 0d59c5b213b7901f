import { setImmediate as nextTurn } from "node:timers/promises";
import { registry } from "@medconnect/platform/contract/registry.ts";
import type { HttpBody } from "@medconnect/proto/google/api/httpbody.ts";
import type { ExportAuditEventsRequest } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { AuditEvent, AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { JsonWriter } from "../transcoding/json-writer.ts";
import { mergedAuditEvents } from "./audit-events.ts";
import type { ComposedCall } from "./composed-call.ts";

/** Events per export: about 4 MB, read with a dozen calls. */
const SIZES = { byDefault: 10_000, atMost: 10_000 };
/** Events written before the event loop continues; about a millisecond of CPU. */
const EVENTS_PER_TURN = 200;

// biome-ignore lint/style/noNonNullAssertion: the contract has this message
const writer = new JsonWriter(registry.getMessage("medconnect.audit.v1.AuditEvent")!);

/**
 * Exports the audit trail as NDJSON, one event a line, newest first. The last line always has the next page
 * token; an empty one tells readers that the export is complete.
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
  return { contentType: "application/x-ndjson", data: Buffer.from(`${lines.join("\n")}\n`), extensions: [] };
}
