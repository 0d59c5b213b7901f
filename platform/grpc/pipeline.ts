import type { handleUnaryCall, MethodDefinition } from "@grpc/grpc-js";
import { methodAt } from "../contract/methods.ts";
import type { HiddenResource } from "../errors/api-error.ts";
import type { CallerLimit } from "../network/caller-limit.ts";
import type { LoadLimit } from "../network/load-limit.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Identity } from "./access.ts";
import type { Call } from "./call.ts";
import type { CredentialLimit } from "./credential-limit.ts";
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

/** Parts of a server that its steps use. */
export interface PipelineParts {
  readonly identity: Identity;
  readonly proof: GatewayProof;
  readonly log: Logger;
  /** All calls of this process. */
  readonly load: LoadLimit;
  /** The calls of one client. */
  readonly callers: CallerLimit;
  readonly credentials: CredentialLimit;
  /** Sampling ratio for traces continued from external callers. */
  readonly traceRatio: number;
  /** Maximum age of a fresh sign-in, in ms. */
  readonly reauthenticationMs: number;
  readonly onDenied: (call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource) => void;
}

/**
 * Composes the steps that each call of a method passes, like the layers of an onion: a step calls the next
 * one, and sees its response or its error. The order decides which error a call gets if several apply.
 */
export function pipeline(
  definition: MethodDefinition<unknown, unknown>,
  useCase: UseCase,
  parts: PipelineParts,
): handleUnaryCall<Buffer, unknown> {
  const method = methodAt(definition.path);
  const { identity, proof, log, load, callers, credentials, traceRatio, reauthenticationMs, onDenied } =
    parts;
  const handled = handle(useCase);
  const validated = validate(method, definition, handled); // 400
  const authorized = authorize(method, reauthenticationMs, validated); // 403
  const audited = auditDenials(method, onDenied, authorized);
  const rated = limitCredentials(method, credentials, audited); // 429
  const limited = limitCalls(method, callers, rated); // 429
  const authenticated = authenticate(method, identity, limited); // 401
  const traced = startSpan(method, traceRatio, authenticated);
  const located = locate(proof, traced);
  const admitted = limitLoad(load, located); // 503
  return record(method, log, respond(admitted));
}
