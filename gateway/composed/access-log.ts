import { isId } from "@medconnect/platform/ids/ids.ts";
import type {
  AccessLogEntry,
  AccessLogEntry_Relation,
  ListAccessLogRequest,
  ListAccessLogResponse,
} from "@medconnect/proto/medconnect/admin/v1/access_log.ts";
import { type AuditEvent, AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import {
  type Actor,
  ActorServiceService,
  type BatchGetActorsResponse,
} from "@medconnect/proto/medconnect/auth/v1/actor_service.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { ComposedCall } from "./composed-call.ts";
import type { Lister } from "./merge-events.ts";
import { mergedPage } from "./merged-page.ts";

/**
 * Lists accesses to the records of the calling patient in all services, newest first. Each service returns
 * only entries about this patient. Auth adds the names of the actors and the reasons of break-glass grants.
 */
export async function listAccessLog(
  request: ListAccessLogRequest,
  { services, options, caller }: ComposedCall,
): Promise<ListAccessLogResponse> {
  const { includeOwn, startTime, endTime } = request;
  const scope = ["access log", includeOwn, startTime?.getTime(), endTime?.getTime()];
  const { page, nextPageToken } = await mergedPage(request, scope, (part) =>
    SERVICES.map(
      (name): Lister =>
        async (pageToken) => {
          const pageRequest = { ...request, ...part, pageToken };
          return (await services.call(name, AuditServiceService.listAccesses, pageRequest, options)).message;
        },
    ),
  );
  const actorsRequest = {
    userIds: unique(page.map(({ actorId }) => actorId).filter(isId)),
    grantIds: unique(page.map(({ grantId }) => grantId).filter((id) => id !== "")),
    patientId: caller.kind === "user" ? caller.userId : "",
  };
  const { message: details } = await services.callAsGateway(
    "auth",
    ActorServiceService.batchGetActors,
    actorsRequest,
    options,
  );
  return { entries: page.map((event) => toEntry(event, details)), nextPageToken };
}

const unique = (ids: string[]): string[] => [...new Set(ids)];

function toEntry(event: AuditEvent, { actors, grantReasons }: BatchGetActorsResponse): AccessLogEntry {
  const { id, occurTime, actorId, grantId, action, resource, service } = event;
  const actor = actors.find(({ userId }) => userId === actorId);
  return {
    id,
    occurTime,
    actorName: actor?.displayName ?? systemName(actorId),
    relation: relationOf(event, actor),
    reason: grantReasons[grantId] ?? "",
    action,
    resource,
    service,
  };
}

/**
 * Relation of the actor to the patient. The services return events whose only subject is the calling patient,
 * so an actor among the subjects is that patient.
 */
function relationOf({ actorId, subjectIds, grantId }: AuditEvent, actor?: Actor): AccessLogEntry_Relation {
  if (subjectIds.includes(actorId)) return "SELF";
  if (grantId !== "") return "BREAK_GLASS";
  switch (actor?.role) {
    case "DOCTOR":
      return "DOCTOR";
    case "ADMIN":
      return "ADMINISTRATION";
    default:
      return "SYSTEM";
  }
}

/**
 * Name to show for an actor that is not a person, or for a person hidden from the patient, such as another
 * patient.
 */
function systemName(actorId: string): string {
  const [kind, name = ""] = actorId.split(":");
  switch (kind) {
    case "service":
      return `MedConnect (${name})`;
    case "provider":
      return `Payment provider (${name})`;
    case "service-account":
      return "An internal system";
    case "command":
      return "An operator";
    default:
      return "MedConnect";
  }
}
