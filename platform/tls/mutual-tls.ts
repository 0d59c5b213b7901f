import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
} from "node:tls";
import { type ChannelCredentials, credentials, ServerCredentials } from "@grpc/grpc-js";
import type { TlsIdentity } from "../config/tls-identity.ts";

/** How long a peer may take over the handshake; one that speaks no TLS is cut off at its first bytes. */
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * TLS 1.3 between a process and its peers, where each side shows a certificate of the deployment's own CA. Connections
 * made after `replace` use the new certificates; those that are open go on.
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
    // grpc-js keeps the object for the life of a channel; what it holds counts at each connect.
    this.#clientContext.context = createSecureContext(contextOf(identity)).context;
  }
}

/** Whether a certificate, whose chain the handshake has verified, is for this name. */
export const isCertifiedAs = (name: string, certificate: PeerCertificate | undefined): boolean =>
  certificate?.subjectaltname !== undefined && checkServerIdentity(name, certificate) === undefined;

const contextOf = ({ cert, key, ca }: TlsIdentity): SecureContextOptions => ({
  cert,
  key,
  ca,
  minVersion: "TLSv1.3",
});

/** `ServerCredentials.createSsl` takes neither a version of TLS, nor a timeout, nor other certificates later. */
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
