import type { ProcessConfig } from "../config.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { GrpcClient } from "./client.ts";

const ADDRESS = {
  auth: "AUTH_ADDRESS",
  scheduling: "SCHEDULING_ADDRESS",
  clinical: "CLINICAL_ADDRESS",
  billing: "BILLING_ADDRESS",
} as const;

export type ServiceName = keyof typeof ADDRESS;
export const SERVICE_NAMES = Object.keys(ADDRESS) as ServiceName[];

/** Where each service is. */
export type Addresses = Pick<ProcessConfig, (typeof ADDRESS)[ServiceName]>;

/** A client of one of the services, which has to show that it is that one where there is TLS. */
export function clientOf(service: ServiceName, addresses: Addresses, tls: MutualTls | undefined): GrpcClient {
  return new GrpcClient(addresses[ADDRESS[service]], tls && { tls, serverName: service });
}
