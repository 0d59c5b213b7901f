import { Client, credentials, Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { ApiError } from "../errors/api-error.ts";
import { injectTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from "./message-limits.ts";
import { SERVICE_CONFIG } from "./service-config.ts";
import { fromGrpcStatus } from "./status.ts";

/** Options of a call. */
export interface CallOptions {
  /** When the answer is no longer of use, ms since the epoch. Every call has one: grpc-js would wait for ever. */
  deadline: number;
  /** Headers to send; `traceparent` is added. */
  metadata?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Reply<T> {
  message: T;
  /** Trailing metadata of the server, such as `idempotent-replayed`. */
  trailer: Metadata;
}

/** How a server proves to be the one that is meant. */
export interface Secured {
  tls: MutualTls;
  /** The name that its certificate must be for, wherever it is reached: several instances share one. */
  serverName: string;
}

/**
 * A connection to one service, for the life of the process. The address is `host:port`, or `dns:///name:port` for
 * several instances, which are then called in turn. A read whose connection breaks is tried once more. In the clear, unless
 * it is secured.
 */
export class GrpcClient {
  readonly #client: Client;

  constructor(address: string, secured?: Secured) {
    this.#client = new Client(address, secured?.tls.client ?? credentials.createInsecure(), {
      ...(secured && { "grpc.ssl_target_name_override": secured.serverName }),
      // A restart takes a second or two. Early and frequent attempts see its end at once.
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 300,
      // An instance that comes back has another address; by itself, grpc-js asks for it twice a minute at the most.
      "grpc.dns_min_time_between_resolutions_ms": 2000,
      // A connection that was lost without a word is noticed within 8 s, so that calls get through again within 10.
      "grpc.keepalive_time_ms": 5000,
      "grpc.keepalive_timeout_ms": 3000,
      "grpc.max_send_message_length": MAX_REQUEST_BYTES,
      "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
      "grpc.service_config": SERVICE_CONFIG,
      // Its counters cost 5 % of a call, and no port shows them.
      "grpc.enable_channelz": 0,
    });
  }

  /** Calls a method. Throws the ApiError that the server meant, or UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED. */
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
   * Uses the channel itself, with its balancing, retries and keepalive: `makeUnaryRequest` on top of it, with its
   * interceptors, events and stack trace, takes as much CPU again.
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
        // Comes last, once, and has the trailer.
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

  /** Resolves once there is a connection, or at the deadline: what then is called may still fail, or succeed. */
  connect(deadline: number): Promise<void> {
    return new Promise((resolve) => this.#client.waitForReady(deadline, () => resolve()));
  }

  close(): void {
    this.#client.close();
  }
}

/** A deadline so many ms from now. */
export const within = (ms: number): number => Date.now() + ms;

/** Refuses to begin what cannot end in time. */
export function assertTimeLeft(deadline: number): void {
  if (deadline <= Date.now()) throw new ApiError("DEADLINE_EXCEEDED");
}
