import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import type { TlsIdentity } from "../config/tls-identity.ts";

/**
 * Longest duration of a TLS handshake, in ms. This limits peers that send nothing. A peer that sends anything
 * but TLS is disconnected at once.
 */
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * Mutual TLS 1.3 between a process and its peers. A CA of the deployment issues the certificates. New
 * certificates (`replace`) only affect new connections.
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
    // grpc-js keeps the SecureContext object as long as the channel, and reads the object's content at each
    // connect. So only the content is replaced here, not the object.
    this.#clientContext.context = createSecureContext(contextOf(identity)).context;
  }
}

/**
 * True if a certificate is for this name. The TLS handshake has already verified the chain of the
 * certificate.
 */
export const isCertifiedAs = (name: string, certificate: PeerCertificate | undefined): boolean =>
  certificate?.subjectaltname !== undefined && checkServerIdentity(name, certificate) === undefined;

const contextOf = ({ cert, key, ca }: TlsIdentity): SecureContextOptions => ({
  cert,
  key,
  ca,
  minVersion: "TLSv1.3",
});

/**
 * Server credentials with a minimum TLS version, a time-out of handshakes, and certificates that can be
 * replaced. The credentials that `ServerCredentials.createSsl` makes support none of these.
 */
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
