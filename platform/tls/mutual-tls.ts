import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import type { TlsIdentity } from "../config/tls-identity.ts";

/** Limit of the TLS handshake. A peer without TLS is disconnected at its first bytes. */
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * Mutual TLS 1.3 between a process and its peers, with certificates of the deployment's own CA. `replace`
 * affects new connections only.
 */
export class MutualTls {
  readonly #server: MutualServerCredentials;
  readonly #clientContext: SecureContext;
  readonly client: ChannelCredentials;

  constructor(identity: TlsIdentity) {
    this.#server = new MutualServerCredentials(identity);
    this.#clientContext = createSecureContext(contextOf(identity));
    this.client = credentials.createFromSecureContext(this.#clientContext);
  }

  get server(): ServerCredentials {
    return this.#server;
  }

  replace(identity: TlsIdentity): void {
    this.#server.replace(identity);
    // grpc-js keeps this object for the life of a channel, and reads its content at each connect.
    this.#clientContext.context = createSecureContext(contextOf(identity)).context;
  }
}

/** True if a certificate is for this name. The handshake has verified its chain. */
export const isCertifiedAs = (name: string, certificate: PeerCertificate | undefined): boolean =>
  certificate?.subjectaltname !== undefined && checkServerIdentity(name, certificate) === undefined;

const contextOf = ({ cert, key, ca }: TlsIdentity): SecureContextOptions => ({
  cert,
  key,
  ca,
  minVersion: "TLSv1.3",
});

/** Unlike `ServerCredentials.createSsl`, has a TLS version, a time-out and replaceable certificates. */
class MutualServerCredentials extends ServerCredentials {
  constructor(identity: TlsIdentity) {
    super({ requestCert: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, contextOf(identity));
  }

  replace(identity: TlsIdentity): void {
    this.updateSecureContextOptions(contextOf(identity));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
