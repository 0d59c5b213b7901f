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
 * True for permitted calls that the audit trail must contain: each requested change, each call of a method
 * for admins only, and each read of clinical content, of the trail, or of a patient by another person. Not
 * for a repeated call that changes nothing, because the first call left its event, nor for an empty list.
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

/** True for a list's page (AIP-158) without items, which JSON over gRPC omits. */
function showsEmptyPage({ method: { output }, outcome: { shown } }: Result): boolean {
  const items = output.fields.find((field) => field.fieldKind === "list");
  if (!output.field.nextPageToken || !items) return false;
  const { body = {} } = JSON.parse(shown) as { body?: Record<string, unknown[]> };
  return (body[items.jsonName] ?? []).length === 0;
}

/**
 * True if the response shows a patient to another person, which it does if it contains the patient's id. The
 * services behind a composed response write the events themselves. A service is not a person.
 */
function showsPatient({ method, caller, outcome }: Result, { mine, theirs }: World): boolean {
  if (method.rules.composed || caller === "service") return false;
  const patients = [mine, theirs].flatMap(({ ids }) => [ids.patient, ids.bystander]);
  return patients.some(
    (id) => outcome.shown.includes(id) && !(caller === "patient" && id === mine.ids.patient),
  );
}

/**
 * RPCs that may succeed without an audit event: a repeated call gets 200, changes nothing, and shows nothing
 * whose read is audited. For any other RPC, a success without an event is a defect.
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

/** "service action" of a call, as in `auditedSince`: every service has its own trail. */
export const auditNameOf = ({ method: { owner, rules }, via }: Result): string =>
  `${owner === "audit" ? via : owner} ${rules.audit}`;

/** "service request-id" of a call, as in `auditedSince`; "any request-id" for a composed response. */
export function auditKeyOf({ method: { owner, rules }, via, requestId }: Result): string {
  if (rules.composed) return `any ${requestId}`;
  return `${owner === "audit" ? via : owner} ${requestId}`;
}

/** "service action", "service request-id" and "any request-id" of all events since a time, except denials. */
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
