import type { JSONWebKeySet } from "jose";
import type { GrpcClient } from "../grpc/client.ts";
import type { Revocation } from "../identity/revocation-lists.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";

/** Access to the other services of a deployment. The platform knows none of them by name. */
export interface Topology {
  connect(service: string, tls: MutualTls | undefined): GrpcClient;
  connectTokenIssuer(tls: MutualTls | undefined, tokens: ServiceTokens): TokenIssuer;
  /** Service that stores the checkpoints of another one's audit trail. */
  witnessOf(service: string): string;
}

/** The service that issues access tokens and ends sessions. */
export interface TokenIssuer {
  fetchJwks(): Promise<JSONWebKeySet>;
  fetchRevocations(): Promise<Revocation[]>;
  close(): void;
}
