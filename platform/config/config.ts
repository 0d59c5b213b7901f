import { readFileSync } from "node:fs";
import * as z from "zod";
import { secretSettings, weakSecrets } from "./secrets.ts";
import { tlsProblem, tlsSettings } from "./tls-identity.ts";

/** A duration setting such as "15m", "24h", "250ms" or "30s"; comes out in milliseconds. */
export const duration = (fallback: string) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, 'must be a duration such as "30s" or "15m"')
    .default(fallback)
    .transform((text) => {
      const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
      return Number.parseInt(text, 10) * units[text.replace(/^\d+/, "") as keyof typeof units];
    });

/** A 256-bit key, base64. */
export const key = z
  .string()
  .transform((text) => Buffer.from(text, "base64"))
  .refine(
    (bytes) => bytes.length === 32,
    "must be 32 bytes in base64, as `openssl rand -base64 32` makes them",
  );

/** Keys by comma: the first is used, all are accepted. */
export const keys = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.tuple([key], key));

export const requestsAMinute = (fallback: number) => z.coerce.number().int().min(0).default(fallback);

const port = (fallback: number) => z.coerce.number().int().min(0).max(65535).default(fallback);

/** Settings of every process. */
export const processSettings = {
  HOST: z.string().default("127.0.0.1"),
  METRICS_PORT: port(0),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  REDIS_URL: z.string().default("redis://127.0.0.1:6379"),
  /** For a Redis that knows nothing but networks: production would else not start without its password. */
  REDIS_WITHOUT_PASSWORD: z.stringbool().default(false),
  INTERNAL_KEY: keys,
  JWT_ISSUER: z.string().default("https://medconnect.local"),
  JWT_AUDIENCE: z.string().default("medconnect-api"),
  /** The keys that verify access tokens are fetched anew when they are older. */
  JWKS_MAX_AGE: duration("5m").refine((ms) => ms >= 1000, "must be at least 1s"),
  /** How often a minute credentials may be tried from an address, at the gateway and straight at a service; 0: no limit. */
  RATE_LIMIT_AUTH: requestsAMinute(30),
  /**
   * Calls at once of each account, or of each address (IPv6: /64) without a valid token, at the gateway and straight at a service;
   * 0: no limit.
   */
  MAX_CALLER_REQUESTS: z.coerce.number().int().min(0).default(32),
  ...tlsSettings,
  /** How often replaced certificate files are looked for. */
  TLS_RELOAD_EVERY: duration("1m"),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  /** How long a process may take to finish what it has begun when it is told to stop. */
  DRAIN_TIMEOUT: duration("20s"),
};

/** Additional settings of a gRPC service. */
export const serviceSettings = {
  ...processSettings,
  PORT: port(0),
  DATABASE_URL: z.string(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).default(16),
  DATABASE_TIMEOUT: duration("5s"),
  DATA_KEY: keys,
  /** Seals the audit trail; the first seals. Kept outside the database, and those before it as long as the trail. */
  AUDIT_KEY: keys,
  /** Interval of counting tables for the metrics. */
  METRICS_SAMPLE_EVERY: duration("15s"),
  AUDIT_SEAL_EVERY: duration("5s"),
  AUDIT_CHECKPOINT_EVERY: duration("1m"),
  /** Calls at once, beyond which further ones get a quick UNAVAILABLE. */
  MAX_CONCURRENT_CALLS: z.coerce.number().int().min(1).default(512),
  /** Open gRPC connections of one peer address (an IPv6 /64); 0: no limit. */
  MAX_PEER_CONNECTIONS: z.coerce.number().int().min(0).default(256),
  ACCESS_TOKEN_TTL: duration("5m"),
  /** Maximum age of a sign-in for calls that need a fresh one. */
  REAUTHENTICATION_AGE: duration("10m"),
  /** How long an answer waits for the direct consumers of its events. */
  EVENT_WAIT: duration("250ms"),
  /** After so many refusals by its consumer, over about ten minutes, an event is left for people. */
  OUTBOX_MAX_REFUSALS: z.coerce.number().int().min(1).default(25),
  GRPC_REFLECTION: z.stringbool().default(false),
};

/** `NAME_FILE` names a file that holds the value of `NAME`, as container secrets are given. */
export function settingOf(name: string, env = process.env): string | undefined {
  const file = env[`${name}_FILE`];
  return env[name] || (file ? readFileSync(file, "utf8").trimEnd() : undefined);
}

/**
 * The settings in the environment, from which the secret ones are taken out: child processes and crash reports would have
 * them. One clear line for each setting that is wrong, or too weak for production, and the exit code that is given.
 */
export function loadConfig<S extends z.ZodRawShape>(
  shape: S,
  env = process.env,
  exitCode = 1,
): z.infer<z.ZodObject<S>> {
  const values = Object.fromEntries(Object.keys(shape).map((name) => [name, settingOf(name, env)]));
  const result = z.object(shape).safeParse(values);
  const problems = result.success
    ? problemsOf(result.data, env.NODE_ENV === "production")
    : result.error.issues.map(({ path, message }) => ({ setting: path.join("."), message }));
  if (result.success && problems.length === 0) {
    for (const name of secretSettings(result.data)) delete env[name];
    return result.data;
  }
  for (const { setting, message } of problems) process.stderr.write(`Setting ${setting}: ${message}\n`);
  process.exit(exitCode);
}

/** Problems of settings that are valid one by one. */
function problemsOf(values: Record<string, unknown>, isProduction: boolean) {
  const tls = "TLS_CERT" in values ? tlsProblem(values, new Date()) : undefined;
  return [...(tls ? [tls] : []), ...(isProduction ? weakSecrets(values) : [])];
}

export type ProcessConfig = z.infer<z.ZodObject<typeof processSettings>>;
export type ServiceConfig = z.infer<z.ZodObject<typeof serviceSettings>>;
