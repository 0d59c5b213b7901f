import type { DescMessage } from "@bufbuild/protobuf";
import { type MethodDefinition, Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { methodAt } from "../contract/methods.ts";
import { warmUpValidation } from "../contract/validate.ts";
import type { HiddenResource } from "../errors/api-error.ts";
import { CallerLimit } from "../network/caller-limit.ts";
import { LoadLimit } from "../network/load-limit.ts";
import { PeerConnections } from "../network/peer-connections.ts";
import type { Logger } from "../telemetry/log.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import type { Identity } from "./access.ts";
import type { Call } from "./call.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./connection-limits.ts";
import { CredentialLimit } from "./credential-limit.ts";
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from "./message-limits.ts";
import { OpenStreams } from "./open-streams.ts";
import { type PipelineParts, pipeline } from "./pipeline.ts";

type MessageOf<D, K extends "request" | "response"> =
  D extends MethodDefinition<infer Request, infer Response>
    ? K extends "request"
      ? Request
      : Response
    : never;

/** Use cases of a gRPC service, by the name of their method. */
export type UseCases<S, App> = {
  [Name in keyof S]: (
    app: App,
    request: MessageOf<S[Name], "request">,
    call: Call,
  ) => Promise<MessageOf<S[Name], "response">>;
};

type AnyUseCase = (app: unknown, request: unknown, call: Call) => Promise<unknown>;

export interface ServerOptions {
  identity: Identity;
  log: Logger;
  /** Certificates and trusted CA for mutual TLS; undefined for plaintext. */
  tls: MutualTls | undefined;
  /** Credential attempts per minute and address for calls that bypass the gateway; 0 = unlimited. */
  credentialLimit: number;
  /** Sampling ratio for traces continued from external callers. */
  traceRatio: number;
  /** Age in ms from which a sign-in is too old for methods that require a recent sign-in. */
  reauthenticationMs: number;
  /** Maximum number of running calls of the process. Further calls are refused with UNAVAILABLE. */
  maxConcurrentCalls: number;
  /**
   * Maximum number of running calls per account or address; 0 = unlimited. Calls by services are not counted.
   * Calls that the gateway forwards are not counted either, because the gateway has the same limit.
   */
  maxCallerCalls: number;
  /** Maximum number of open connections from one peer address; 0 = unlimited. */
  maxPeerConnections: number;
  /** Limits of each connection; default: `CONNECTION_LIMITS`, as in production. */
  connections?: ConnectionLimits;
  /**
   * Called for each call that was refused because the caller lacks a right, to record the denial in the audit
   * trail.
   */
  onDenied: (call: Pick<Call, "method" | "caller" | "requestId">, hidden?: HiddenResource) => void;
}

/** A gRPC server. Each call of each method passes the steps of `pipeline`. */
export class GrpcServer {
  readonly server: Server;
  /** Names of the services that `serve` has added. */
  readonly services = new Set<string>();
  readonly #streams: OpenStreams;
  readonly #peers: PeerConnections;
  readonly #tls: MutualTls | undefined;
  readonly #parts: PipelineParts;
  readonly #inputs: DescMessage[] = [];

  constructor(options: ServerOptions) {
    const { maxConcurrentCalls, connections: limits = CONNECTION_LIMITS } = options;
    this.server = new Server({
      "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
      "grpc.max_send_message_length": MAX_ANSWER_BYTES,
      // No keepalive pings: if one is due while a connection ends by its age, grpc-js destroys the connection
      // with all calls that still run. A connection whose client is lost ends by its age, too.
      // Allows as many streams per connection as the server may run calls, because the gateway opens only one
      // connection.
      "grpc.max_concurrent_streams": maxConcurrentCalls,
      "grpc.max_connection_idle_ms": limits.idleMs,
      "grpc.max_connection_age_ms": limits.ageMs,
      "grpc.max_connection_age_grace_ms": limits.graceMs,
      // Channelz counters cost 8 % of a call's CPU time, and no port exposes them.
      "grpc.enable_channelz": 0,
    });
    this.#streams = new OpenStreams({
      ...limits,
      maxUnfinished: 2 * maxConcurrentCalls,
      // Half of these streams are for running calls, and half for answers that clients are still reading.
      maxFinished: 2 * maxConcurrentCalls,
    });
    this.#peers = new PeerConnections(options.maxPeerConnections, options.log);
    const { identity, tls, log, traceRatio, reauthenticationMs, onDenied } = options;
    this.#tls = tls;
    this.#parts = {
      identity,
      proof: { serviceTokens: identity.serviceTokens, tls },
      log,
      load: new LoadLimit(maxConcurrentCalls),
      callers: new CallerLimit(options.maxCallerCalls),
      credentials: new CredentialLimit(options.credentialLimit),
      traceRatio,
      reauthenticationMs,
      onDenied,
    };
  }

  /** Serves a ts-proto service with one use case per method. */
  serve<S extends object, App>(service: S, app: App, useCases: UseCases<S, App>): void {
    const names = Object.keys(service) as (keyof S & string)[];
    const definitions = names.map(
      (name) => [name, service[name] as MethodDefinition<unknown, unknown>] as const,
    );
    this.server.addService(
      // Handlers decode the bytes themselves, because grpc-js reports a decoding error as INTERNAL.
      Object.fromEntries(
        definitions.map(([name, d]) => [name, { ...d, requestDeserialize: (b: Buffer) => b }]),
      ) as ServiceDefinition,
      Object.fromEntries(
        definitions.map(([name, d]) => {
          const useCase = useCases[name] as AnyUseCase;
          const { input, desc } = methodAt(d.path);
          this.#inputs.push(input);
          this.services.add(desc.parent.typeName);
          return [name, pipeline(d, (request, call) => useCase(app, request, call), this.#parts)];
        }),
      ),
    );
  }

  /** Starts to listen. @returns the port */
  async listen(host: string, port: number): Promise<number> {
    this.#streams.watch();
    const bound = await new Promise<number>((resolve, reject) => {
      const credentials = this.#tls?.server ?? ServerCredentials.createInsecure();
      this.server.bindAsync(`${host}:${port}`, credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    this.#peers.watch(bound);
    return bound;
  }

  /**
   * Compiles the validation rules of all methods in the background, so that the first calls do not wait for
   * it.
   */
  async warmUp(): Promise<void> {
    await warmUpValidation(this.#inputs);
  }

  /** Refuses new calls and waits for the running ones. Cuts off calls that take longer than `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.server.forceShutdown(), timeoutMs);
    await new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    clearTimeout(timer);
    this.#streams.stop();
    this.#peers.stop();
  }
}
