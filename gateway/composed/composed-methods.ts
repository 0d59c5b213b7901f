import { Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { methodAt } from "@medconnect/platform/contract/methods.ts";
import { validate, warmUpValidation } from "@medconnect/platform/contract/validate.ts";
import type { Reply } from "@medconnect/platform/grpc/client.ts";
import { AccessLogServiceService } from "@medconnect/proto/medconnect/admin/v1/access_log.ts";
import { AdminServiceService } from "@medconnect/proto/medconnect/admin/v1/admin.ts";
import { OutboxServiceService } from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import { rawMethod } from "../upstream/services.ts";
import { listAccessLog } from "./access-log.ts";
import { getStats } from "./admin-stats.ts";
import { listAuditEvents } from "./audit-events.ts";
import type { ComposedCall } from "./composed-call.ts";
import { getDailyStats } from "./daily-stats.ts";
import { exportAuditEvents } from "./export-audit-events.ts";
import { listLicenses } from "./licenses.ts";

/** Answers a composed method. Takes and returns serialized messages, as a gRPC service does. */
type Compose = (request: Buffer, call: ComposedCall) => Promise<Reply<Uint8Array>>;

function composed<Request, Response>(
  method: MethodDefinition<Request, Response>,
  answer: (request: Request, call: ComposedCall) => Promise<Response>,
): [string, Compose] {
  const { input } = methodAt(method.path);
  return [
    method.path,
    // Validates the bytes before it decodes them, because decoding drops what the generated types cannot
    // represent, such as the microseconds of a time.
    async (bytes, call) => {
      const request = method.requestDeserialize(validate(input, bytes));
      const message = method.responseSerialize(await answer(request, call));
      return { message, trailer: new Metadata() };
    },
  ];
}

/** Passes calls on to a method that every service has, at the service that the request names. */
function forwarded<Request extends { service: string }, Response>(
  { path, requestDeserialize }: MethodDefinition<Request, Response>,
  target: MethodDefinition<Request, Response>,
): [string, Compose] {
  const { input } = methodAt(path);
  const raw = rawMethod(target.path);
  return [
    path,
    async (bytes, { services, options }) => {
      const request = validate(input, bytes);
      return await services.call(requestDeserialize(request).service, raw, request, options);
    },
  ];
}

/** Implementations of the methods marked `composed` in the contract, by path. */
export const composedMethods: ReadonlyMap<string, Compose> = new Map([
  composed(AdminServiceService.getStats, getStats),
  composed(AdminServiceService.getDailyStats, getDailyStats),
  composed(AdminServiceService.listAuditEvents, listAuditEvents),
  composed(AdminServiceService.exportAuditEvents, exportAuditEvents),
  composed(AdminServiceService.listLicenses, listLicenses),
  forwarded(AdminServiceService.listDeadEvents, OutboxServiceService.listDeadEvents),
  forwarded(AdminServiceService.replayDeadEvent, OutboxServiceService.replayDeadEvent),
  composed(AccessLogServiceService.listAccessLog, listAccessLog),
]);

/**
 * Compiles the validation rules of the composed methods in the background, so that the first call does not
 * wait for the compilation.
 */
export const warmUpComposed = (): Promise<void> =>
  warmUpValidation([...composedMethods.keys()].map((path) => methodAt(path).input));
