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

/** The standard health service (grpc.health.v1), for the whole process: its only service is "". */
export class Health {
  #status: ServingStatus = ServingStatus.SERVING;
  /** Streams that have no end of their own. `OpenStreams` bounds their number. */
  readonly #watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>();

  addTo(server: Server): void {
    server.addService(HealthService, {
      check: (
        { request }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
        callback: sendUnaryData<HealthCheckResponse>,
      ) => {
        if (request.service === "") callback(null, { status: this.#status });
        else callback({ code: status.NOT_FOUND, details: `There is no service ${request.service} here.` });
      },
      watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
        // An unknown service may become known, says the protocol, so its stream stays open, too.
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

  /** Tells that the process ends, and ends the streams, for which a drain would wait. */
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
