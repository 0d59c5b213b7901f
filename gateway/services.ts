import type { MethodDefinition } from "@grpc/grpc-js";
import type { ProcessConfig } from "@medconnect/platform/config.ts";
import { GrpcClient } from "@medconnect/platform/grpc/client.ts";

export const SERVICE_NAMES = ["auth", "scheduling", "clinical", "billing"] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

type Addresses = Pick<
  ProcessConfig,
  "AUTH_ADDRESS" | "SCHEDULING_ADDRESS" | "CLINICAL_ADDRESS" | "BILLING_ADDRESS"
>;

/** The services behind the gateway. */
export class Services {
  readonly #clients: ReadonlyMap<string, GrpcClient>;

  constructor(addresses: Addresses) {
    this.#clients = new Map<ServiceName, GrpcClient>([
      ["auth", new GrpcClient(addresses.AUTH_ADDRESS)],
      ["scheduling", new GrpcClient(addresses.SCHEDULING_ADDRESS)],
      ["clinical", new GrpcClient(addresses.CLINICAL_ADDRESS)],
      ["billing", new GrpcClient(addresses.BILLING_ADDRESS)],
    ]);
  }

  /** Throws for a name that is none: a mistake in a proto. */
  client(service: string): GrpcClient {
    const client = this.#clients.get(service);
    if (!client) throw new Error(`no service is called ${service}`);
    return client;
  }

  /** Resolves once there are connections to all, or at the deadline. */
  async connect(deadline: number): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.connect(deadline)));
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are passed on as the bytes they are. */
export const rawMethod = (path: string): MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
