import type { Method } from "@medconnect/platform/contract/methods.ts";
import { MethodRules_Role as Role } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { SERVICES } from "@medconnect/topology/services.ts";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { sharedStack } from "../support/stack.ts";
import { isRead, isRouted } from "./calls.ts";
import type { Result } from "./matrix.ts";
import type { World } from "./world.ts";

const SUCCESSES: readonly unknown[] = [200, 201, 202, 204, "OK"];

const TRAIL_READS: readonly string[] = ["audit.list", "audit.export"];

/**
 * True if the audit trail must contain an event of the permitted call. This applies to each requested change,
 * each call of a method for admins only, and each read of clinical content, of the trail, or of a patient by
 * another person. It does not apply to a repeated call that changes nothing, because the first call was
 * audited, nor to an empty list.
 */
export function mustBeAudited(result: Result, world: World): boolean {
  const { method, outcome, relation } = result;
  if (!SUCCESSES.includes(outcome.status)) return false;
  if (showsPatient(result, world)) return true;
  if (method.owner === "audit") return TRAIL_READS.includes(method.rules.audit);
  if (isForAdmins(method)) return !showsEmptyPage(result);
  if (method.owner === "clinical") return isRouted(method) && relation === "own";
  return isRouted(method) && !isRead(method);
}

const isForAdmins = ({ rules: { roles } }: Method): boolean => roles.length === 1 && roles[0] === Role.ADMIN;

/**
 * True if the response is a page of a list (AIP-158) without items. In a gRPC reply, an empty list is absent.
 */
function showsEmptyPage({ method: { output }, outcome: { shown } }: Result): boolean {
  const items = output.fields.find((field) => field.fieldKind === "list");
  if (!output.field.nextPageToken || !items) return false;
  const { body = {} } = JSON.parse(shown) as { body?: Record<string, unknown[]> };
  return (body[items.jsonName] ?? []).length === 0;
}

/**
 * True if the response contains the id of a patient who is not the caller. False for composed responses,
 * because the services behind them write the audit events. Also false for calls by services, which are no
 * persons.
 */
function showsPatient({ method, caller, outcome }: Result, { mine, theirs }: World): boolean {
  if (method.rules.composed || caller === "service") return false;
  const patients = [mine, theirs].flatMap(({ ids }) => [ids.patient, ids.bystander]);
  return patients.some(
    (id) => outcome.shown.includes(id) && !(caller === "patient" && id === mine.ids.patient),
  );
}

/**
 * RPCs that may succeed without an audit event. When one of these calls is repeated, it succeeds, but changes
 * nothing, and shows nothing whose reading is audited. For any other RPC, success without an audit event is a
 * defect.
 */
export const MAY_LEAVE_NO_LINE: ReadonlySet<string> = new Set([
  "auth.v1.ServiceAccountService/DisableServiceAccount",
  "auth.v1.ServiceAccountService/EnableServiceAccount",
  "auth.v1.UserService/DeleteSession",
  "auth.v1.UserService/UpdateMe",
  "scheduling.v1.BookingService/CancelBooking",
  "scheduling.v1.SlotService/BlockSlot",
  "scheduling.v1.SlotService/UnblockSlot",
  "scheduling.v1.SlotService/WithdrawSlot",
]);

/** Audit event that a call must leave, as "service action". Every service has a trail of its own. */
export const auditNameOf = ({ method: { owner, rules }, via }: Result): string =>
  `${owner === "audit" ? via : owner} ${rules.audit}`;

/** Audit event that a call must leave, as "service request-id"; for a composed response, "any request-id". */
export function auditKeyOf({ method: { owner, rules }, via, requestId }: Result): string {
  if (rules.composed) return `any ${requestId}`;
  return `${owner === "audit" ? via : owner} ${requestId}`;
}

/**
 * All audit events since a time, except denials. Each is listed as "service action", "service request-id" and
 * "any request-id".
 */
export async function auditedSince(startTime: Date): Promise<Set<string>> {
  const database = await createConnection({ uri: sharedStack().urls.mysql, timezone: "Z" });
  const found = new Set<string>();
  for (const service of SERVICES) {
    const [rows] = await database.query<RowDataPacket[]>(
      `SELECT DISTINCT action, request_id FROM medconnect_${service}.audit_events
       WHERE outcome <> 'DENIED' AND occur_time >= ?`,
      [startTime],
    );
    for (const { action, request_id: requestId } of rows) {
      found.add(`${service} ${action}`);
      found.add(`${service} ${requestId}`);
      found.add(`any ${requestId}`);
    }
  }
  await database.end();
  return found;
}
