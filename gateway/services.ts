import type { MethodDefinition } from "@grpc/grpc-js";
import type { GrpcClient } from "@medconnect/platform/grpc/client.ts";
import { type Addresses, clientOf, SERVICE_NAMES } from "@medconnect/platform/grpc/peers.ts";
import type { MutualTls } from "@medconnect/platform/tls/mutual-tls.ts";

/** The services behind the gateway. */
export class Services {
  readonly #clients: ReadonlyMap<string, GrpcClient>;

  constructor(addresses: Addresses, tls?: MutualTls) {
    this.#clients = new Map(SERVICE_NAMES.map((name) => [name, clientOf(name, addresses, tls)]));
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
