import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import * as z from "zod";

/** Certificate, key and trusted CA of a process, in PEM. */
export interface TlsIdentity {
  /** Certificate of this process, followed by intermediate certificates, if any. */
  cert: string;
  key: string;
  /**
   * One or more CA certificates. While the CA is being replaced, this holds both the old and the new
   * certificate.
   */
  ca: string;
}

/** Settings of mutual TLS: all three, or none for plaintext. */
export const tlsSettings = {
  TLS_CERT: z
    .string()
    .optional()
    .describe(
      "Certificate chain of the process, in PEM. Together with `TLS_KEY` and `TLS_CA`: mutual TLS for " +
        "gRPC. Without them: no TLS, and a warning in production",
    ),
  TLS_KEY: z
    .string()
    .optional()
    .meta({ secret: true, description: "Private key of `TLS_CERT`, in PEM, without a passphrase" }),
  TLS_CA: z
    .string()
    .optional()
    .describe("CA certificates to trust, in PEM: the old and the new one while a CA is replaced"),
};

/** Setting for the interval in ms of the check for replaced certificate files. */
export interface TlsReload {
  readonly TLS_RELOAD_EVERY: number;
}

type TlsSetting = keyof typeof tlsSettings;
export type TlsValues = Partial<Record<TlsSetting, string | undefined>>;

/** An invalid TLS setting and what is wrong with it. */
export interface TlsProblem {
  setting: TlsSetting;
  message: string;
}

const SETTINGS = Object.keys(tlsSettings) as TlsSetting[];
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Identity from valid settings; undefined for plaintext. */
export function tlsIdentity({ TLS_CERT, TLS_KEY, TLS_CA }: TlsValues): TlsIdentity | undefined {
  return TLS_CERT && TLS_KEY && TLS_CA ? { cert: TLS_CERT, key: TLS_KEY, ca: TLS_CA } : undefined;
}

/** First mistake in the settings that would make connections fail; undefined if there is none. */
export function tlsProblem(values: TlsValues, now: Date): TlsProblem | undefined {
  const missing = SETTINGS.find((setting) => !values[setting]);
  if (missing) {
    return SETTINGS.some((setting) => values[setting])
      ? { setting: missing, message: `must be set, too: ${SETTINGS.join(", ")} go together` }
      : undefined;
  }
  // biome-ignore lint/style/noNonNullAssertion: no setting is missing
  const { cert, key, ca } = tlsIdentity(values)!;
  const chain = certificatesIn(cert);
  const trusted = certificatesIn(ca);
  const privateKey = keyIn(key);
  const [own] = chain;
  const wrong = (setting: TlsSetting, message: string): TlsProblem => ({ setting, message });

  if (!own) return wrong("TLS_CERT", "must be a certificate in PEM");
  if (!privateKey) return wrong("TLS_KEY", "must be a private key in PEM, without a passphrase");
  if (trusted.length === 0) return wrong("TLS_CA", "must be one or more certificates in PEM");
  if (!own.checkPrivateKey(privateKey)) return wrong("TLS_KEY", "is not the key of TLS_CERT");
  if (!leadsTo(trusted, chain)) return wrong("TLS_CERT", "was not issued by TLS_CA");
  if (own.validToDate <= now) return wrong("TLS_CERT", `expired on ${own.validToDate.toISOString()}`);
  return undefined;
}

/** Time at which a valid identity's certificate expires. */
// biome-ignore lint/style/noNonNullAssertion: tlsProblem refuses an identity without a certificate
export const expiryOf = ({ cert }: TlsIdentity): Date => certificatesIn(cert)[0]!.validToDate;

/** Parses the certificates in a PEM text. Returns none if one of them is broken. */
function certificatesIn(pem: string): X509Certificate[] {
  try {
    return (pem.match(PEM_CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
  } catch {
    return [];
  }
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** True if each certificate was issued by the next one, and the last one by a trusted CA. */
function leadsTo(trusted: X509Certificate[], chain: X509Certificate[]): boolean {
  const issued = (issuer: X509Certificate, certificate: X509Certificate) =>
    certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  return chain.some(
    (certificate, i) =>
      trusted.some((issuer) => issued(issuer, certificate)) &&
      // biome-ignore lint/style/noNonNullAssertion: `j + 1` is at most `i`
      chain.slice(0, i).every((before, j) => issued(chain[j + 1]!, before)),
  );
}
