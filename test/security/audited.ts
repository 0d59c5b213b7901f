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
 * True if the audit trail must contain an event for this permitted call. It must for:
 *
 * - each requested change
 * - each call of a method for admins only, unless the response is an empty list
 * - each read of clinical content, of an audit trail, or of a patient by another person
 *
 * A repeated call that changes nothing needs no event of its own, because the first call was audited.
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

/** True if the response is a page of a list (AIP-158) without items. A gRPC reply omits an empty list. */
function showsEmptyPage({ method: { output }, outcome: { shown } }: Result): boolean {
  const items = output.fields.find((field) => field.fieldKind === "list");
  if (!output.field.nextPageToken || !items) return false;
  const { body = {} } = JSON.parse(shown) as { body?: Record<string, unknown[]> };
  return (body[items.jsonName] ?? []).length === 0;
}

/**
 * True if the response contains the id of a patient other than the caller. False for composed responses,
 * because the services behind them write the audit events. Also false for calls by services, which are not
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
 * RPCs that may succeed without an audit event. A repeated call of these RPCs succeeds, but changes nothing,
 * and its response is not subject to audit. For any other RPC, success without an audit event is a defect.
 */
export const MAY_LEAVE_NO_LINE: ReadonlySet<string> = new Set([
  "admin.v1.AdminService/ReplayDeadEvent",
  "auth.v1.MailService/RetryDeadMail",
  "auth.v1.ServiceAccountService/SetServiceAccountKeys",
  "auth.v1.ServiceAccountService/DisableServiceAccount",
  "auth.v1.ServiceAccountService/EnableServiceAccount",
  "auth.v1.UserService/DeleteSession",
  "auth.v1.UserService/UpdateMe",
  "operations.v1.OutboxService/ReplayDeadEvent",
  "scheduling.v1.BookingService/CancelBooking",
  "scheduling.v1.SlotService/BlockSlot",
  "scheduling.v1.SlotService/UnblockSlot",
  "scheduling.v1.SlotService/WithdrawSlot",
]);

/** Packages whose methods each service serves for its own data. */
const SHARED: readonly string[] = ["audit", "operations"];

/** Service whose trail has the audit events of a call. Every service has a trail of its own. */
const trailOf = ({ method: { owner }, via }: Result): string => (SHARED.includes(owner) ? via : owner);

/** Audit event that a call must leave, as "service action". */
export const auditNameOf = (result: Result): string => `${trailOf(result)} ${result.method.rules.audit}`;

/** Audit event that a call must leave, as "service request-id"; for a composed response, "any request-id". */
export function auditKeyOf(result: Result): string {
  const { method, requestId } = result;
  return `${method.rules.composed ? "any" : trailOf(result)} ${requestId}`;
}

/**
 * Returns all audit events since a time, except denials. Each event is in the set three times: as "service
 * action", "service request-id" and "any request-id".
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
