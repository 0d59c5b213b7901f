import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { SERVICES } from "@medconnect/topology/services.ts";
import { SetupError } from "../command/setup-error.ts";
import type { Authority, Subject } from "./authority.ts";

const AUTHORITY = "ca";
const CLIENTS = "clients";
/** The gateway serves no gRPC calls and only makes them, so it gets a client certificate. */
const GATEWAY = "gateway";
export const PROCESSES: readonly string[] = [...SERVICES, GATEWAY];

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
/** Names that every service's certificate contains, for callers on the same machine. */
const LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"];
const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const CLIENT_NAME = new RegExp(`^${LABEL}$`);
const HOST_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, "i");

export interface CertificateOptions {
  /** Names of internal systems that call the services. Each gets a client certificate. */
  clients?: string[];
  /** Further DNS names and addresses for the certificates of all services. */
  altNames?: string[];
  /** Lifetime of new certificates, in days. */
  days: number;
  /** True to replace certificates that are in the last third of their lifetime. */
  renew: boolean;
}

/** Result of `ensureCertificates` for one certificate. */
export interface Outcome {
  name: string;
  folder: string;
  outcome: "made" | "renewed" | "kept";
  expireTime: Date;
}

/** Folder of the certificate of an internal system. */
export const clientFolder = (path: string, name: string) => join(path, CLIENTS, name);

/** Paths of the files of one process or client. cert-manager uses the same file names in a Secret. */
export const filesIn = (folder: string) => ({
  cert: join(folder, "tls.crt"),
  key: join(folder, "tls.key"),
  ca: join(folder, "ca.crt"),
});

/** Settings that make a process read its certificate from this folder. */
export function tlsSettings(folder: string): NodeJS.ProcessEnv {
  const { cert, key, ca } = filesIn(folder);
  return { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CA_FILE: ca };
}

/**
 * Makes a private CA, and a certificate for each process and client, each in its own folder. Keeps existing
 * files, except certificates that `renew` replaces. Throws SetupError if a client or an alternative name has
 * the name of a process, or if an alternative name is a wildcard.
 */
export async function ensureCertificates(path: string, options: CertificateOptions): Promise<Outcome[]> {
  const { clients = [], altNames = [] } = options;
  refuseBadClients(clients);
  refuseBadAltNames(altNames);
  const root = resolve(path);
  const authority = await openAuthority(root);
  const server = (name: string) => ({
    name,
    altNames: [name, ...LOCAL_NAMES, ...altNames],
    usage: "server" as const,
  });
  const client = (name: string) => ({ name, altNames: [name], usage: "client" as const });
  const wanted: readonly (readonly [folder: string, Omit<Subject, "notAfter">])[] = [
    ...SERVICES.map((name) => [join(root, name), server(name)] as const),
    [join(root, GATEWAY), client(GATEWAY)],
    ...clients.map((name) => [clientFolder(root, name), client(name)] as const),
  ];

  const outcomes: Outcome[] = [];
  for (const [folder, subject] of wanted) outcomes.push(await ensure(folder, authority, subject, options));
  return outcomes;
}

async function ensure(
  folder: string,
  authority: Authority,
  subject: Omit<Subject, "notAfter">,
  { days, renew }: CertificateOptions,
): Promise<Outcome> {
  const { name } = subject;
  const files = filesIn(folder);
  const lifetimeMs = days * DAY_MS;
  const expireTime = existsSync(files.cert) ? expiryOf(files.cert) : undefined;
  const isDue = expireTime !== undefined && expireTime.getTime() - Date.now() < lifetimeMs / 3;
  if (expireTime && !(renew && isDue)) return { name, folder, outcome: "kept", expireTime };

  const { cert, key } = await authority.issue({ ...subject, notAfter: new Date(Date.now() + lifetimeMs) });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write(files.ca, authority.pair.cert);
  write(files.key, key);
  write(files.cert, cert);
  return { name, folder, outcome: expireTime ? "renewed" : "made", expireTime: expiryOf(files.cert) };
}

/** Reads the CA from the folder, or makes one if the folder has none. */
async function openAuthority(root: string): Promise<Authority> {
  // Loaded on demand, because npm start needs only the file names from this module.
  const { Authority } = await import("./authority.ts");
  const folder = join(root, AUTHORITY);
  const files = { cert: join(folder, "ca.crt"), key: join(folder, "ca.key") };
  if (existsSync(files.cert)) {
    return new Authority({ cert: readFileSync(files.cert, "utf8"), key: readFileSync(files.key, "utf8") });
  }
  const authority = await Authority.create(
    "MedConnect private CA",
    new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  write(files.key, authority.pair.key);
  write(files.cert, authority.pair.cert);
  return authority;
}

/**
 * Throws if a client has the name of a process. Its certificate would identify the client as that process.
 */
function refuseBadClients(clients: string[]): void {
  for (const name of clients) {
    if (!CLIENT_NAME.test(name)) {
      throw new SetupError(`A client's name is made of a-z, 0-9 and -, at most 63 of them: not "${name}".`);
    }
    if (PROCESSES.includes(name)) {
      throw new SetupError(
        `"${name}" is one of this system's processes; choose another name for the client.`,
      );
    }
  }
}

/**
 * Throws if an alternative name is a process's name or a wildcard. Every service's certificate contains all
 * alternative names, so with such a name each service could pose as that process.
 */
function refuseBadAltNames(altNames: string[]): void {
  for (const name of altNames) {
    if (isIP(name) === 0 && !HOST_NAME.test(name)) {
      throw new SetupError(`--san takes a host's name or an IP address, without wildcards: not "${name}".`);
    }
    if (PROCESSES.includes(name.toLowerCase())) {
      throw new SetupError(
        `"${name}" is one of this system's processes; with --san, every service could pose as it. Each has its own name already.`,
      );
    }
  }
}

const expiryOf = (file: string): Date => new X509Certificate(readFileSync(file)).validToDate;

/** Writes a file atomically. Only its owner can read it. */
function write(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o400 });
  renameSync(`${file}.new`, file);
}
