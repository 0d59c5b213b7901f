import type { Topology } from "@medconnect/platform/service/topology.ts";
import type { Addresses } from "./addresses.ts";
import { clientOf } from "./clients.ts";
import { type ServiceName, WITNESS_OF } from "./services.ts";
import { connectTokenIssuer } from "./token-issuer.ts";

/** Tells a process how to reach the services of its deployment, with the addresses from its settings. */
export const topologyOf = (addresses: Addresses): Topology => ({
  connect: (service, tls) => clientOf(service as ServiceName, addresses, tls),
  connectTokenIssuer: (tls, tokens) => connectTokenIssuer(clientOf("auth", addresses, tls), tokens),
  witnessOf: (service) => WITNESS_OF[service as ServiceName],
});
