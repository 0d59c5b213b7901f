import "./reflection.ts";
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** ECDSA with P-256 and SHA-256, which every TLS 1.3 implementation supports (RFC 8446 §9.1). */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Certificates become valid this long before their creation, so that hosts with slow clocks accept them. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** A certificate and its private key, in PEM. */
export interface Pair {
  cert: string;
  key: string;
}

/** Properties of a certificate to be made. */
export interface Subject {
  name: string;
  /** DNS names and IP addresses of a server; for a client, its own name. */
  altNames: string[];
  /** "server" allows both server and client authentication, because services also call other services. */
  usage: "server" | "client";
  notAfter: Date;
}

/** A private certificate authority (RFC 5280). */
export class Authority {
  readonly #pair: Pair;
  readonly #certificate: x509.X509Certificate;

  constructor(pair: Pair) {
    this.#pair = pair;
    this.#certificate = new x509.X509Certificate(pair.cert);
  }

  static async create(name: string, notAfter: Date): Promise<Authority> {
    const keys = await newKeys();
    const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerialNumber(),
      name: [{ CN: [name] }],
      notBefore: new Date(Date.now() - CLOCK_SKEW_MS),
      notAfter,
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        // Path length 0: the authority cannot sign certificates of further authorities.
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(pairOf(certificate, keys));
  }

  /** The authority's own certificate and key. */
  get pair(): Pair {
    return this.#pair;
  }

  get notAfter(): Date {
    return this.#certificate.notAfter;
  }

  /** Makes a key and its certificate. The certificate expires no later than the authority's. */
  async issue({ name, altNames, usage, notAfter }: Subject): Promise<Pair> {
    const keys = await newKeys();
    const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerialNumber(),
      subject: [{ CN: [name] }],
      issuer: this.#certificate.subjectName,
      notBefore: new Date(Date.now() - CLOCK_SKEW_MS),
      notAfter: notAfter < this.notAfter ? notAfter : this.notAfter,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: await signingKey(this.#pair.key),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usage === "server" ? [serverAuth, clientAuth] : [clientAuth]),
        new x509.SubjectAlternativeNameExtension(
          altNames.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
      ],
    });
    return pairOf(certificate, keys);
  }
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;

/** Makes a serial number in hex. It is positive, as RFC 5280 §4.1.2.2 requires, and has 120 random bits. */
const newSerialNumber = (): string => `01${randomBytes(15).toString("hex")}`;

const signingKey = async (pem: string): Promise<webcrypto.CryptoKey> =>
  createPrivateKey(pem).toCryptoKey(ALGORITHM, false, ["sign"]);

function pairOf(certificate: x509.X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Pair {
  const key = KeyObject.from(privateKey).export({ type: "pkcs8", format: "pem" });
  return { cert: `${certificate.toString("pem")}\n`, key: String(key) };
}
