import { GrpcClient } from "@medconnect/platform/grpc/client.ts";
import type { MutualTls } from "@medconnect/platform/tls/mutual-tls.ts";
import { type Addresses, addressOf } from "./addresses.ts";
import type { ServiceName } from "./services.ts";

/**
 * Makes a client of a service. With mutual TLS, the server must present a certificate with the name of that
 * service.
 */
export function clientOf(service: ServiceName, addresses: Addresses, tls: MutualTls | undefined): GrpcClient {
  return new GrpcClient(addressOf(service, addresses), tls && { tls, serverName: service });
}
