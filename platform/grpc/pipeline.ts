import type { handleUnaryCall, MethodDefinition } from "@grpc/grpc-js";
import { methodAt } from "../contract/methods.ts";
import type { HiddenResource } from "../errors/api-error.ts";
import type { CallerLimit } from "../network/caller-limit.ts";
import type { LoadLimit } from "../network/load-limit.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Identity } from "./access.ts";
import type { Call } from "./call.ts";
import type { CredentialLimit } from "./credential-limit.ts";
import { Layers } from "./layers.ts";
import type { GatewayProof } from "./origin.ts";
import { record, respond } from "./respond.ts";
import {
  auditDenials,
  authenticate,
  authorize,
  handle,
  limitCalls,
  limitCredentials,
  limitLoad,
  locate,
  startSpan,
  type UseCase,
  validate,
} from "./steps.ts";

/** The objects that the steps need. */
export interface PipelineParts {
  readonly identity: Identity;
  readonly proof: GatewayProof;
  readonly log: Logger;
  /** Limits the total number of running calls of this process. */
  readonly load: LoadLimit;
  /** Limits the number of running calls of each client. */
  readonly callers: CallerLimit;
  readonly credentials: CredentialLimit;
  /** Sampling ratio for traces continued from external callers. */
  readonly traceRatio: number;
  /** Age in ms from which a sign-in is too old for methods that require a recent sign-in. */
  readonly reauthenticationMs: number;
  readonly onDenied: (call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource) => void;
}

/**
 * Composes the steps that each call of a method passes, from the outermost inwards. Each step calls the next
 * one, and sees the response or error that comes back. If several checks would fail, the caller gets the
 * error of the outermost one.
 */
export function pipeline(
  definition: MethodDefinition<unknown, unknown>,
  useCase: UseCase,
  parts: PipelineParts,
): handleUnaryCall<Buffer, unknown> {
  const method = methodAt(definition.path);
  const { identity, proof, log, load, callers, credentials, traceRatio, reauthenticationMs, onDenied } =
    parts;
  const answer = Layers.from(limitLoad(load)) // 503
    .add(locate(proof))
    .add(startSpan(method, traceRatio))
    .add(authenticate(method, identity)) // 401
    .add(limitCalls(method, callers)) // 429
    .add(limitCredentials(method, credentials)) // 429
    .add(auditDenials(method, onDenied))
    .add(authorize(method, reauthenticationMs)) // 403
    .add(validate(method, definition)) // 400
    .around(handle(useCase));
  return record(method, log, respond(answer));
}
