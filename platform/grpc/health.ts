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
 * The health service grpc.health.v1. All services of a process have the status of the process, whose name is
 * "".
 */
export class Health {
  readonly #services: ReadonlySet<string>;
  #status: ServingStatus = ServingStatus.SERVING;
  /** Streams of clients that watch the status. `OpenStreams` limits their number. */
  readonly #watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>();

  /** @param services names of the services in this process, such as "medconnect.auth.v1.AuthService" */
  constructor(services: Iterable<string>) {
    this.#services = new Set(["", ...services]);
  }

  addTo(server: Server): void {
    server.addService(HealthService, {
      check: (
        { request }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
        callback: sendUnaryData<HealthCheckResponse>,
      ) => {
        if (this.#services.has(request.service)) callback(null, { status: this.#status });
        else callback({ code: status.NOT_FOUND, details: "This process does not have the service." });
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
      ) => callback(null, { statuses: this.#statuses() }),
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
    return this.#services.has(service) ? this.#status : ServingStatus.SERVICE_UNKNOWN;
  }

  #statuses(): HealthListResponse["statuses"] {
    return Object.fromEntries([...this.#services].map((service) => [service, { status: this.#status }]));
  }
}
