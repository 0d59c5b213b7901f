import type { MethodDefinition } from "@grpc/grpc-js";
import {
  AuditServiceService,
  type ListAuditEventsRequest,
  type ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { ComposedCall } from "./composed-call.ts";
import type { Lister } from "./merge-events.ts";
import { mergedPage, type PageSizes, type Part } from "./merged-page.ts";

/** Lists the audit events of all services in one list, newest first. */
export const listAuditEvents = (
  request: ListAuditEventsRequest,
  call: ComposedCall,
): Promise<ListAuditEventsResponse> => mergedAuditEvents(request, call, AuditServiceService.listAuditEvents);

/**
 * Merges the audit events of the services.
 *
 * @param method RPC to call at each service. The service writes an audit line with the name of this RPC
 */
export async function mergedAuditEvents(
  request: ListAuditEventsRequest,
  { services, options }: ComposedCall,
  method: MethodDefinition<ListAuditEventsRequest, ListAuditEventsResponse>,
  sizes?: PageSizes,
): Promise<ListAuditEventsResponse> {
  const { actorId, subjectId, action, service, startTime, endTime } = request;
  const scope = [actorId, subjectId, action, service, startTime?.getTime(), endTime?.getTime()];
  const listersOf = (part: Part) =>
    servicesOf(request).map(
      (name): Lister =>
        async (pageToken) => {
          const pageRequest = { ...request, ...part, pageToken };
          return (await services.call(name, method, pageRequest, options)).message;
        },
    );
  const { page, nextPageToken } = await mergedPage(request, scope, listersOf, sizes);
  return { auditEvents: page, nextPageToken };
}

/** The service that the request names, or else all services. */
const servicesOf = ({ service }: ListAuditEventsRequest): readonly string[] =>
  service === "" ? SERVICES : [service];
