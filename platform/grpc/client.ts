import { Client, credentials, Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { ApiError } from "../errors/api-error.ts";
import { injectTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from "./message-limits.ts";
import { SERVICE_CONFIG } from "./service-config.ts";
import { fromGrpcStatus } from "./status.ts";

export interface CallOptions {
  /**
   * Time in ms since the epoch at which the call fails with DEADLINE_EXCEEDED. Required, because grpc-js
   * would otherwise wait for ever.
   */
  deadline: number;
  /** Headers to send. The client adds `traceparent`. */
  metadata?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Reply<T> {
  message: T;
  /** Metadata that the server sends after the response, such as `idempotent-replayed`. */
  trailer: Metadata;
}

/** TLS of a client, and the server name that it expects. */
export interface Secured {
  tls: MutualTls;
  /**
   * Name in the certificate of the server. All instances of the service share this name, whatever their
   * addresses are.
   */
  serverName: string;
}

/**
 * Client of one service, for the life of the process. The address is `host:port`. If there are several
 * instances, it is `dns:///name:port`, and the client calls them round robin. If a connection breaks during a
 * read-only call, the client retries the call once. Without `secured`, connections are not encrypted.
 */
export class GrpcClient {
  readonly #client: Client;

  constructor(address: string, secured?: Secured) {
    this.#client = new Client(address, secured?.tls.client ?? credentials.createInsecure(), {
      ...(secured && { "grpc.ssl_target_name_override": secured.serverName }),
      // Reconnects often, because a server restarts within a second or two, and calls should then succeed at
      // once.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 300,
      // Resolves names again after two seconds, because a restarted instance has a new address. By default,
      // grpc-js does so at most twice a minute.
      "grpc.dns_min_time_between_resolutions_ms": 2000,
      // Detects a silently lost connection within 8 s, so that calls succeed again within 10 s.
      "grpc.keepalive_time_ms": 5000,
      "grpc.keepalive_timeout_ms": 3000,
      "grpc.max_send_message_length": MAX_REQUEST_BYTES,
      "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
      "grpc.service_config": SERVICE_CONFIG,
      // Channelz counters cost 5 % of a call's CPU time, and no port exposes them.
      "grpc.enable_channelz": 0,
    });
  }

  /** Calls a method. Throws the ApiError of the server; or UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED. */
  call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Reply<Response>> {
    const [, service = "", name = ""] = method.path.split("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": name };
    return inSpan(`${service}/${name}`, { kind: SpanKind.CLIENT, attributes }, async () => {
      const metadata = Metadata.fromHttp2Headers(injectTrace({ ...options.metadata }));
      const { message, trailer } = await this.#send(
        method.path,
        method.requestSerialize(request),
        metadata,
        options,
      );
      return { message: method.responseDeserialize(message), trailer };
    });
  }

  /**
   * Sends a call through the channel, which has load balancing, retries and keepalive. `makeUnaryRequest`
   * would add interceptors, events and a stack trace, which double the CPU time.
   */
  #send(
    path: string,
    request: Buffer,
    metadata: Metadata,
    { deadline, signal }: CallOptions,
  ): Promise<Reply<Buffer>> {
    return new Promise((resolve, reject) => {
      const call = this.#client.getChannel().createCall(path, deadline, null, null, null);
      const cancel = () => call.cancelWithStatus(status.CANCELLED, "Cancelled by the caller");
      let answer: Buffer | undefined;
      call.start(metadata, {
        onReceiveMetadata: () => {},
        onReceiveMessage: (message: Buffer) => {
          answer = message;
        },
        // The last event of the call. It comes exactly once.
        onReceiveStatus: (end) => {
          signal?.removeEventListener("abort", cancel);
          if (end.code === status.OK && answer !== undefined)
            resolve({ message: answer, trailer: end.metadata });
          else reject(fromGrpcStatus(end));
        },
      });
      call.startRead();
      call.sendMessageWithContext({}, request);
      call.halfClose();
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Resolves when the client is connected, or when the deadline passes. */
  connect(deadline: number): Promise<void> {
    return new Promise((resolve) => this.#client.waitForReady(deadline, () => resolve()));
  }

  close(): void {
    this.#client.close();
  }
}

/** Deadline for `CallOptions`, `ms` from now. */
export const within = (ms: number): number => Date.now() + ms;

/** Throws DEADLINE_EXCEEDED if the deadline has passed. */
export function assertTimeLeft(deadline: number): void {
  if (deadline <= Date.now()) throw new ApiError("DEADLINE_EXCEEDED");
}
