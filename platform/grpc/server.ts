import type { DescMessage } from "@bufbuild/protobuf";
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type StatusObject,
} from "@grpc/grpc-js";
import {
  MethodRules_Idempotency,
  MethodRules_RateClass as RateClass,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { type Context, context } from "@opentelemetry/api";
import { type Method, methodAt } from "../contract/methods.ts";
import { validate, warmUpValidation } from "../contract/validate.ts";
import { withBorrower } from "../db/borrower.ts";
import { ApiError, type HiddenResource } from "../errors/api-error.ts";
import type { Caller } from "../identity/caller.ts";
import { isRequestId } from "../ids/ids.ts";
import { CallerLimit } from "../network/caller-limit.ts";
import { LoadLimit } from "../network/load-limit.ts";
import { PeerConnections } from "../network/peer-connections.ts";
import type { Logger } from "../telemetry/log.ts";
import { durations } from "../telemetry/metrics.ts";
import { traceParent } from "../telemetry/trace-parent.ts";
import { extractTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { authenticate, authorize, type Identity } from "./access.ts";
import { borrowerOf } from "./borrower-of.ts";
import type { Call } from "./call.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./connection-limits.ts";
import { CredentialLimit } from "./credential-limit.ts";
import { header } from "./header.ts";
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from "./message-limits.ts";
import { OpenStreams } from "./open-streams.ts";
import { type GatewayProof, type Origin, originOf } from "./origin.ts";
import { REPLAYED_KEY, toGrpcStatus } from "./status.ts";

const DEFAULT_DEADLINE_MS = 10_000;
/** A call that asks for more time has this much. */
const MAX_DEADLINE_MS = 60_000;

type MessageOf<D, K extends "request" | "response"> =
  D extends MethodDefinition<infer Request, infer Response>
    ? K extends "request"
      ? Request
      : Response
    : never;

/** Use cases of a service, by method. */
export type UseCases<S, App> = {
  [Name in keyof S]: (
    app: App,
    request: MessageOf<S[Name], "request">,
    call: Call,
  ) => Promise<MessageOf<S[Name], "response">>;
};

type AnyUseCase = (app: unknown, request: unknown, call: Call) => Promise<unknown>;
type AnyHandler = (request: unknown, call: Call) => Promise<unknown>;

export interface ServerOptions {
  identity: Identity;
  log: Logger;
  /** Certificates and trusted CA for mutual TLS; undefined: without TLS. */
  tls: MutualTls | undefined;
  /** How often a minute who calls without the gateway may try credentials; 0 is no limit. */
  credentialLimit: number;
  /** The share of traces that is recorded of those that who calls from outside goes on with. */
  traceRatio: number;
  /** How old a sign-in may be where a fresh one is asked for. */
  reauthenticationMs: number;
  /** Beyond so many calls at once, further ones are refused with UNAVAILABLE. */
  maxConcurrentCalls: number;
  /** Calls at once of one account or address, for calls that neither the gateway nor a service sends; 0: no limit. */
  maxCallerCalls: number;
  /** Open connections of one peer address; 0: no limit. */
  maxPeerConnections: number;
  /** Limits of each connection; default: `CONNECTION_LIMITS`. */
  connections?: ConnectionLimits;
  /** Told of each call that was refused for lack of rights. */
  onDenied: (call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource) => void;
}

const handled = durations("rpc.server.call.duration", "How long calls took to answer");

/**
 * A gRPC server on which every method goes the same way, in the order of the contract: who calls (401), how often
 * (429), may they (403), is the message right (400), then the use case; and every error leaves as a google.rpc.Status.
 */
export class GrpcServer {
  readonly server: Server;
  readonly #streams: OpenStreams;
  readonly #peers: PeerConnections;
  readonly #options: ServerOptions;
  readonly #proof: GatewayProof;
  readonly #load: LoadLimit;
  readonly #callers: CallerLimit;
  readonly #credentials: CredentialLimit;
  readonly #inputs: DescMessage[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
    const { maxConcurrentCalls, connections: limits = CONNECTION_LIMITS } = options;
    this.server = new Server({
      "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
      "grpc.max_send_message_length": MAX_ANSWER_BYTES,
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 5000,
      // One connection may use the server's whole limit.
      "grpc.max_concurrent_streams": maxConcurrentCalls,
      "grpc.max_connection_idle_ms": limits.idleMs,
      "grpc.max_connection_age_ms": limits.ageMs,
      "grpc.max_connection_age_grace_ms": limits.graceMs,
      // Its counters cost 8 % of a call, and no port shows them.
      "grpc.enable_channelz": 0,
    });
    this.#streams = new OpenStreams({
      ...limits,
      maxUnfinished: 2 * maxConcurrentCalls,
      // Half of them for calls that run, half for answers under way.
      maxFinished: 2 * maxConcurrentCalls,
    });
    this.#peers = new PeerConnections(options.maxPeerConnections, options.log);
    this.#proof = { serviceTokens: options.identity.serviceTokens, tls: options.tls };
    this.#load = new LoadLimit(options.maxConcurrentCalls);
    this.#callers = new CallerLimit(options.maxCallerCalls);
    this.#credentials = new CredentialLimit(options.credentialLimit);
  }

  /** Serves a ts-proto service by one use case for each method. */
  serve<S extends object, App>(service: S, app: App, useCases: UseCases<S, App>): void {
    const names = Object.keys(service) as (keyof S & string)[];
    const definitions = names.map(
      (name) => [name, service[name] as MethodDefinition<unknown, unknown>] as const,
    );
    this.server.addService(
      // Handlers get the raw bytes: an error while decoding inside of grpc-js would surface as INTERNAL.
      Object.fromEntries(
        definitions.map(([name, d]) => [name, { ...d, requestDeserialize: (b: Buffer) => b }]),
      ) as ServiceDefinition,
      Object.fromEntries(
        definitions.map(([name, d]) => {
          const useCase = useCases[name] as AnyUseCase;
          return [name, this.#unary(d, (request, call) => useCase(app, request, call))];
        }),
      ),
    );
  }

  /** @returns the port */
  async listen(host: string, port: number): Promise<number> {
    this.#streams.watch();
    const bound = await new Promise<number>((resolve, reject) => {
      const credentials = this.#options.tls?.server ?? ServerCredentials.createInsecure();
      this.server.bindAsync(`${host}:${port}`, credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    this.#peers.watch(bound);
    return bound;
  }

  /** Prepares the checks of all methods' messages, in the background. */
  async warmUp(): Promise<void> {
    await warmUpValidation(this.#inputs);
  }

  /** Takes no new calls and waits for those under way; after `timeoutMs` the rest is cut off. */
  async drain(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.server.forceShutdown(), timeoutMs);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(timer);
    this.#streams.stop();
    this.#peers.stop();
  }

  #unary(
    definition: MethodDefinition<unknown, unknown>,
    handler: AnyHandler,
  ): handleUnaryCall<Buffer, unknown> {
    const method = methodAt(definition.path);
    this.#inputs.push(method.input);
    const [, service = "", name = ""] = definition.path.split("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": name };
    return async (incoming, callback) => {
      const startedAtMs = performance.now();
      let outcome = "OK";
      const trailer = new Metadata();
      try {
        const response = await this.#load.run(async () => {
          const origin = await originOf(incoming, this.#proof);
          const parent = await this.#traceOf(incoming, origin);
          return await inSpan(`${service}/${name}`, { kind: SpanKind.SERVER, attributes, parent }, () =>
            this.#answer(method, definition, handler, incoming, origin, trailer),
          );
        });
        callback(null, response, trailer);
      } catch (thrown) {
        const error = ApiError.from(thrown);
        outcome = error.reason;
        if (error.rule.httpStatus >= 500 || error.reason === "RECORD_ALTERED") {
          this.#options.log.warn({ err: error, rpc: method.path, reason: error.reason }, "call failed");
        }
        callback(withTrailer(toGrpcStatus(error), trailer));
      } finally {
        handled((performance.now() - startedAtMs) / 1000, {
          "rpc.method": `${service}/${name}`,
          reason: outcome,
        });
      }
    };
  }

  /** The trace that a call belongs to. Whether it is recorded, the deployment's own processes have decided already. */
  async #traceOf(incoming: ServerUnaryCall<Buffer, unknown>, origin: Origin): Promise<Context> {
    const traceparent = header(incoming, "traceparent");
    return traceparent !== undefined && (origin.isByGateway || (await origin.service()))
      ? extractTrace({ traceparent })
      : traceParent(traceparent, this.#options.traceRatio);
  }

  async #answer(
    method: Method,
    definition: MethodDefinition<unknown, unknown>,
    handler: AnyHandler,
    incoming: ServerUnaryCall<Buffer, unknown>,
    origin: Origin,
    trailer: Metadata,
  ): Promise<unknown> {
    const caller = await authenticate(
      method.rules,
      header(incoming, "authorization"),
      this.#options.identity,
    );
    if (caller.kind === "service" && (await origin.service()) !== caller.name) {
      throw new ApiError("UNAUTHENTICATED");
    }
    const isBounded = !origin.isByGateway && caller.kind !== "service";
    const leave = isBounded ? this.#callers.enter(method, caller, origin.address) : undefined;
    try {
      return await this.#answerCaller(method, definition, handler, incoming, { origin, caller, trailer });
    } finally {
      leave?.();
    }
  }

  async #answerCaller(
    method: Method,
    definition: MethodDefinition<unknown, unknown>,
    handler: AnyHandler,
    incoming: ServerUnaryCall<Buffer, unknown>,
    { origin, caller, trailer }: { origin: Origin; caller: Caller; trailer: Metadata },
  ): Promise<unknown> {
    const sentId = header(incoming, "x-request-id") ?? "";
    const requestId = isRequestId(sentId) ? sentId : "";
    const isCounted = method.rules.rate === RateClass.AUTH && !origin.isByGateway;
    if (isCounted) await this.#credentials.count(origin.address);
    try {
      authorize(method.rules, caller, new Date(Date.now() - this.#options.reauthenticationMs));
      const request = decode(definition, validate(method.input, incoming.request));
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
      try {
        return await lendingTo(incoming, call, () => handler(request, call));
      } finally {
        if (call.replayed) trailer.set(REPLAYED_KEY, "true");
      }
    } catch (error) {
      if (error instanceof ApiError && error.isDenial) {
        this.#options.onDenied({ method, caller, requestId }, error.hidden);
      }
      throw error;
    }
  }
}

/** Runs a handler whose database connections are lent to the caller, until the call is cancelled or its deadline passes. */
async function lendingTo<T>(
  incoming: ServerUnaryCall<Buffer, unknown>,
  { caller, clientAddress }: Call,
  work: () => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const cancel = () => gone.abort();
  incoming.once("cancelled", cancel);
  try {
    const borrower = borrowerOf(caller, clientAddress, gone.signal);
    return await context.with(withBorrower(context.active(), borrower), work);
  } finally {
    // grpc-js reports every call as cancelled once it is answered.
    incoming.off("cancelled", cancel);
  }
}

function deadlineOf(call: ServerUnaryCall<Buffer, unknown>): number {
  const deadline = Number(call.getDeadline());
  const now = Date.now();
  return Number.isFinite(deadline) ? Math.min(deadline, now + MAX_DEADLINE_MS) : now + DEFAULT_DEADLINE_MS;
}

/** The key that a request came with, where its method honours one. Throws IDEMPOTENCY_KEY_REQUIRED. */
export function idempotencyKeyOf({ rules }: Method, request: unknown): string {
  const { IDEMPOTENCY_UNSPECIFIED, OWN, REQUIRED } = MethodRules_Idempotency;
  if (rules.idempotency === IDEMPOTENCY_UNSPECIFIED || rules.idempotency === OWN) return "";
  const key = (request as { idempotencyKey: string }).idempotencyKey;
  if (key === "" && rules.idempotency === REQUIRED) {
    throw new ApiError("IDEMPOTENCY_KEY_REQUIRED");
  }
  return key;
}

/** Valid protobuf may still hold what our types do not: an enum's unknown number, an integer beyond 2^53. */
function decode(definition: MethodDefinition<unknown, unknown>, bytes: Buffer): unknown {
  try {
    return definition.requestDeserialize(bytes);
  } catch (cause) {
    throw new ApiError("INVALID_REQUEST", {
      detail: "The message holds a value that is not known here.",
      cause,
    });
  }
}

function withTrailer(status: Partial<StatusObject>, trailer: Metadata): Partial<StatusObject> {
  status.metadata?.merge(trailer);
  return status;
}
