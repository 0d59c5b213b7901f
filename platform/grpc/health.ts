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

/** The health service grpc.health.v1 for the whole process, whose only service name is "". */
export class Health {
  #status: ServingStatus = ServingStatus.SERVING;
  /** Open watch streams. `OpenStreams` bounds their number. */
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
        // The protocol keeps the stream of an unknown service open, because the service may become known.
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

  /** Reports that the process stops, and ends the watch streams, for which a drain would wait. */
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
