import type { MethodDefinition } from "@grpc/grpc-js";
import type { CallOptions, GrpcClient, Reply } from "@medconnect/platform/grpc/client.ts";
import { GATEWAY_TOKEN_KEY } from "@medconnect/platform/grpc/origin.ts";
import type { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import type { MutualTls } from "@medconnect/platform/tls/mutual-tls.ts";
import type { Addresses } from "@medconnect/topology/addresses.ts";
import { clientOf } from "@medconnect/topology/clients.ts";
import { SERVICES } from "@medconnect/topology/services.ts";

/** gRPC clients of all services. */
export class Services {
  readonly #clients: ReadonlyMap<string, GrpcClient>;
  readonly #tokens: ServiceTokens;

  constructor(addresses: Addresses, tokens: ServiceTokens, tls?: MutualTls) {
    this.#tokens = tokens;
    this.#clients = new Map(SERVICES.map((name) => [name, clientOf(name, addresses, tls)]));
  }

  /** Client of a service. Throws for an unknown name, which is a mistake in a proto. */
  client(service: string): GrpcClient {
    const client = this.#clients.get(service);
    if (!client) throw new Error(`no service is called "${service}"; topology/services.ts lists them`);
    return client;
  }

  /**
   * Forwards a request of a client. Adds a token of the gateway, which proves that the forwarded client
   * address is authentic.
   */
  async call<Request, Response>(
    service: string,
    method: MethodDefinition<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Reply<Response>> {
    const metadata = { ...options.metadata, [GATEWAY_TOKEN_KEY]: await this.#tokens.tokenFor(service) };
    return await this.client(service).call(method, request, { ...options, metadata });
  }

  /** Calls an internal method on behalf of the gateway itself, not of a client. */
  async callAsGateway<Request, Response>(
    service: string,
    method: MethodDefinition<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Reply<Response>> {
    const authorization = `Bearer ${await this.#tokens.tokenFor(service)}`;
    const metadata = { ...options.metadata, authorization };
    return await this.call(service, method, request, { ...options, metadata });
  }

  /** Resolves when all services are connected, or at the deadline. */
  async connect(deadline: number): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.connect(deadline)));
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

const identity = (bytes: Buffer): Buffer => bytes;

/** Definition of a method that takes and returns serialized messages. */
export const rawMethod = (path: string): MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});
