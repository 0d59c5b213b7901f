import {
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthListRequest,
  type HealthListResponse,
  HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@medconnect/proto/grpc/health/v1/health.ts";

/**
 * The health service grpc.health.v1. It reports one status for the whole process, under the service name "".
 */
export class Health {
  #status: ServingStatus = ServingStatus.SERVING;
  /** Streams of clients that watch the status. `OpenStreams` limits their number. */
  readonly #watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>();

  addTo(server: Server): void {
    server.addService(HealthService, {
      check: (
        { request }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
        callback: sendUnaryData<HealthCheckResponse>,
      ) => {
        if (request.service === "") callback(null, { status: this.#status });
        else callback({ code: status.NOT_FOUND, details: `Unknown service ${request.service}; use "".` });
      },
      watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
        // Even for an unknown service the stream stays open: the protocol says that the service may appear
        // later.
        this.#watchers.add(call);
        call.on("cancelled", () => this.#watchers.delete(call));
        return call.write({ status: this.#statusOf(call.request.service) });
      },
      list: (
        _: ServerUnaryCall<HealthListRequest, HealthListResponse>,
        callback: sendUnaryData<HealthListResponse>,
      ) => callback(null, { statuses: { "": { status: this.#status } } }),
    });
  }

  /** Reports NOT_SERVING and ends the watch streams, because a drain waits for open streams. */
  stop(): void {
    this.#status = ServingStatus.NOT_SERVING;
    for (const call of this.#watchers) {
      call.write({ status: this.#statusOf(call.request.service) });
      call.end();
    }
    this.#watchers.clear();
  }

  #statusOf(service: string): ServingStatus {
    return service === "" ? this.#status : ServingStatus.SERVICE_UNKNOWN;
  }
}
