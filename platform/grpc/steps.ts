import type { Metadata, MethodDefinition, ServerUnaryCall } from "@grpc/grpc-js";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type Context, context } from "@opentelemetry/api";
import type { Method } from "../contract/methods.ts";
import { validate as validateMessage } from "../contract/validate.ts";
import { withBorrower } from "../db/borrower.ts";
import { ApiError, type HiddenResource } from "../errors/api-error.ts";
import type { Caller } from "../identity/caller.ts";
import { isRequestId } from "../ids/ids.ts";
import type { CallerLimit } from "../network/caller-limit.ts";
import type { LoadLimit } from "../network/load-limit.ts";
import { traceParent } from "../telemetry/trace-parent.ts";
import { extractTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import * as access from "./access.ts";
import { borrowerOf } from "./borrower-of.ts";
import type { Call } from "./call.ts";
import type { CredentialLimit } from "./credential-limit.ts";
import { deadlineOf } from "./deadline.ts";
import { header } from "./header.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import type { Layer, Step } from "./layers.ts";
import { type GatewayProof, type Origin, originOf } from "./origin.ts";
import { REPLAYED_KEY } from "./status.ts";

/** A call as it arrives, before any check. */
export interface Received {
  readonly incoming: ServerUnaryCall<Buffer, unknown>;
  /** Metadata to send after the answer. */
  readonly trailer: Metadata;
}

/** A call whose origin is known. */
interface Located extends Received {
  readonly origin: Origin;
}

/** A call whose caller is known. */
interface Authenticated extends Located {
  readonly caller: Caller;
  /** Request id that the client or the gateway sent; empty if none. */
  readonly requestId: string;
}

/** A call whose message is valid. */
interface Validated extends Authenticated {
  readonly call: Call;
}

export type UseCase = (request: unknown, call: Call) => Promise<unknown>;

/** Refuses a call with UNAVAILABLE if too many calls are running in this process. */
export const limitLoad =
  (load: LoadLimit): Layer<Received, Received> =>
  (next) =>
  (received) =>
    load.run(() => next(received));

/** Finds the address that a call comes from, and whether the gateway forwards it. */
export const locate =
  (proof: GatewayProof): Layer<Received, Located> =>
  (next) =>
  async ({ incoming, trailer }) =>
    await next({ incoming, trailer, origin: await originOf(incoming, proof) });

/**
 * Runs the call in a span that continues the trace of the caller. A service or the gateway decides itself
 * whether its trace is sampled. For other callers, `traceRatio` is the sampling ratio.
 */
export function startSpan(method: Method, traceRatio: number): Layer<Located, Located> {
  const service = method.desc.parent.typeName;
  const spanName = `${service}/${method.name}`;
  const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method.name };
  return (next) => async (located) => {
    const parent = await parentOf(located, traceRatio);
    return await inSpan(spanName, { kind: SpanKind.SERVER, attributes, parent }, () => next(located));
  };
}

async function parentOf({ incoming, origin }: Located, traceRatio: number): Promise<Context> {
  const traceparent = header(incoming, "traceparent");
  return traceparent !== undefined && (origin.isByGateway || (await origin.service()))
    ? extractTrace({ traceparent })
    : traceParent(traceparent, traceRatio);
}

/**
 * Identifies the caller; anonymous for PUBLIC methods. Throws UNAUTHENTICATED if the token is invalid, or if
 * the access rule of the method requires a token and there is none.
 */
export const authenticate =
  ({ rules }: Method, identity: access.Identity): Layer<Located, Authenticated> =>
  (next) =>
  async ({ incoming, trailer, origin }) => {
    const caller = await access.authenticate(rules, header(incoming, "authorization"), identity);
    if (caller.kind === "service" && (await origin.service()) !== caller.name) {
      throw new ApiError("UNAUTHENTICATED");
    }
    const sentId = header(incoming, "x-request-id") ?? "";
    return await next({ incoming, trailer, origin, caller, requestId: isRequestId(sentId) ? sentId : "" });
  };

/**
 * Limits the running calls of each client. Calls by services are not counted. Calls that the gateway forwards
 * are not counted either, because the gateway has the same limit.
 */
export const limitCalls =
  (method: Method, callers: CallerLimit): Layer<Authenticated, Authenticated> =>
  (next) =>
  async (authenticated) => {
    const { origin, caller } = authenticated;
    if (origin.isByGateway || caller.kind === "service") return await next(authenticated);
    const leave = callers.enter(method, caller, origin.address);
    try {
      return await next(authenticated);
    } finally {
      leave();
    }
  };

/**
 * Limits the credential attempts, such as logins, from each address. Counts only calls that bypass the
 * gateway. Throws RATE_LIMITED above the limit.
 */
export const limitCredentials =
  ({ rules }: Method, credentials: CredentialLimit): Layer<Authenticated, Authenticated> =>
  (next) => {
    if (rules.rate !== RateClass.AUTH) return next;
    return async (authenticated) => {
      const { isByGateway, address } = authenticated.origin;
      if (!isByGateway) await credentials.count(address);
      return await next(authenticated);
    };
  };

/**
 * Reports denied calls for the audit trail: calls that a later step or the use case refuses because the
 * caller lacks a right.
 */
export const auditDenials =
  (
    method: Method,
    onDenied: (call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource) => void,
  ): Layer<Authenticated, Authenticated> =>
  (next) =>
  async (authenticated) => {
    try {
      return await next(authenticated);
    } catch (error) {
      if (error instanceof ApiError && error.isDenial) {
        const { caller, requestId } = authenticated;
        onDenied({ method, caller, requestId }, error.hidden);
      }
      throw error;
    }
  };

/**
 * Checks that the caller may call the method. Otherwise throws PERMISSION_DENIED, MFA_ENROLLMENT_REQUIRED or
 * REAUTHENTICATION_REQUIRED.
 */
export const authorize =
  ({ rules }: Method, reauthenticationMs: number): Layer<Authenticated, Authenticated> =>
  (next) =>
  async (authenticated) => {
    access.authorize(rules, authenticated.caller, new Date(Date.now() - reauthenticationMs));
    return await next(authenticated);
  };

/**
 * Decodes the message, converts it to its canonical form, and checks it against the rules of the proto files.
 * Throws INVALID_REQUEST if the message is invalid.
 */
export const validate =
  (method: Method, definition: MethodDefinition<unknown, unknown>): Layer<Authenticated, Validated> =>
  (next) =>
  async ({ incoming, trailer, origin, caller, requestId }) => {
    const request = decode(definition, validateMessage(method.input, incoming.request));
    const call: Call = {
      method,
      definition,
      caller,
      requestId,
      clientAddress: origin.address,
      userAgent: origin.userAgent,
      idempotencyKey: idempotencyKeyOf(method, request),
      request,
      deadline: deadlineOf(incoming),
      replayed: false,
    };
    return await next({ incoming, trailer, origin, caller, requestId, call });
  };

/**
 * Decodes a message. Throws INVALID_REQUEST for values that protobuf allows and our types do not: unknown
 * enum numbers, and integers above 2^53.
 */
function decode(definition: MethodDefinition<unknown, unknown>, bytes: Buffer): unknown {
  try {
    return definition.requestDeserialize(bytes);
  } catch (cause) {
    throw new ApiError("INVALID_REQUEST", { detail: "The message holds an unknown value.", cause });
  }
}

/**
 * Runs the use case, and counts its database connections to the caller. If the call is cancelled, reads of
 * the database stop waiting for a connection.
 */
export const handle =
  (useCase: UseCase): Step<Validated> =>
  async ({ incoming, trailer, call }) => {
    const gone = new AbortController();
    const cancel = () => gone.abort();
    incoming.once("cancelled", cancel);
    try {
      const borrower = borrowerOf(call.caller, call.clientAddress, gone.signal);
      const lent = withBorrower(context.active(), borrower);
      return await context.with(lent, () => useCase(call.request, call));
    } finally {
      // Removes the listener, because grpc-js emits `cancelled` also after a call has been answered.
      incoming.off("cancelled", cancel);
      if (call.replayed) trailer.set(REPLAYED_KEY, "true");
    }
  };
