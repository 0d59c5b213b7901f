import type { JSONWebKeySet } from "jose";
import type { GrpcClient } from "../grpc/client.ts";
import type { Revocation } from "../identity/revocation-lists.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";

/**
 * Tells how to reach the other services of the deployment. Each process passes its topology to the platform,
 * because the platform does not know the names of the services.
 */
export interface Topology {
  connect(service: string, tls: MutualTls | undefined): GrpcClient;
  connectTokenIssuer(tls: MutualTls | undefined, tokens: ServiceTokens): TokenIssuer;
  /** Name of the service that stores the audit checkpoints of the given service (see `leaveCheckpoints`). */
  witnessOf(service: string): string;
}

/** The service that issues access tokens and ends sessions. */
export interface TokenIssuer {
  fetchJwks(): Promise<JSONWebKeySet>;
  fetchRevocations(): Promise<Revocation[]>;
  close(): void;
}
