import { readFileSync } from "node:fs";
import * as z from "zod";
import { apiUrlSettings } from "./api-url.ts";
import { secretSettings, weakSecrets } from "./secrets.ts";
import { tlsProblem, tlsSettings } from "./tls-identity.ts";

/** A setting such as "15m", "24h", "250ms" or "30s", parsed to milliseconds. */
export const duration = (fallback: string) =>
  z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, 'must be a duration such as "30s" or "15m"')
    .default(fallback)
    .transform((text) => {
      const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
      return Number.parseInt(text, 10) * units[text.replace(/^\d+/, "") as keyof typeof units];
    });

const KEY_FORM = "32 bytes, base64 (openssl rand -base64 32)";

/** A key of 32 bytes in base64. */
export const key = z
  .string()
  .transform((text) => Buffer.from(text, "base64"))
  .refine(
    (bytes) => bytes.length === 32,
    "must be 32 bytes in base64, as `openssl rand -base64 32` makes them",
  )
  .meta({ secret: true, form: KEY_FORM });

/** A list of keys, separated by commas. The first one encrypts or signs; all of them decrypt or verify. */
export const keys = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.tuple([key], key))
  .meta({ secret: true, form: KEY_FORM });

export function wholeNumber({ min, max }: { min: number; max?: number }) {
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `must be a whole number ${range}`;
  return z.coerce
    .number(error)
    .int(error)
    .min(min, error)
    .max(max ?? Number.MAX_SAFE_INTEGER, error);
}

/** A setting that is an upper limit, as a whole number; 0 means no limit. */
export const limit = (fallback: number) => wholeNumber({ min: 0 }).default(fallback);

export const flag = z.stringbool("must be true or false").prefault("false");

export const port = (fallback: number) => wholeNumber({ min: 0, max: 65535 }).default(fallback);

/**
 * Settings of every process. `npm run docs:settings` publishes their descriptions, which are Markdown with
 * links relative to docs/. The metadata `secret` keeps the value out of error messages, and `form` tells an
 * operator who has not set it what to set. If a default depends on the environment, `documentedDefault` is
 * published instead.
 */
export const processSettings = {
  NODE_ENV: z
    .string()
    .optional()
    .describe(
      "`production` refuses weak secrets, and secrets that are used twice. It has stricter defaults, which " +
        "are listed with their settings",
    ),
  HOST: z.string().default("127.0.0.1").describe("Address to listen on"),
  METRICS_PORT: port(0).describe(
    "Port of `/metrics`, `/healthz` and `/readyz`; 0: any free port. `npm start`, Compose and Kubernetes " +
      "set the [usual ones](operations.md#ports)",
  ),
  BUILD_COMMIT: z
    .string()
    .default("unknown")
    .describe("Commit of the running code, for the metric `build_info`. Images and `npm start` set it"),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("Lowest level to log: `trace`, `debug`, `info`, `warn`, `error` or `fatal`; `silent`: none"),
  REDIS_URL: z.string().default("redis://127.0.0.1:6379").meta({
    secret: true,
    description: "Redis, as `redis://` or `rediss://user:password@host:port`. Production requires a password",
  }),
  REDIS_WITHOUT_PASSWORD: flag.describe(
    "Permission to start production with a `REDIS_URL` without a password, for a Redis that only a network " +
      "protects",
  ),
  INTERNAL_KEY: keys.describe(
    "Key by which processes know each other, the same for all: 32 bytes, base64; `current,previous` " +
      "[while rotating](rotating-keys.md#internal_key)",
  ),
  ...apiUrlSettings,
  JWT_AUDIENCE: z
    .string()
    .default("medconnect-api")
    .describe("`aud` claim of access tokens: the name of this API"),
  JWKS_MAX_AGE: duration("5m")
    .refine((ms) => ms >= 1000, "must be at least 1s")
    .describe("Maximum age of the cached keys that verify access tokens; at least `1s`"),
  RATE_LIMIT_AUTH: limit(30).describe(
    "Credential attempts per minute and network (eight times as many for an IPv6 /48); 0: no limit. The " +
      "gateways share one exact count. A service counts calls that bypass the gateway in each instance, by " +
      "the connection's address, so callers behind one proxy share it",
  ),
  MAX_CALLER_REQUESTS: limit(32).describe(
    "Concurrent requests of each account, or of each address (an IPv6 /64; eight times as many for its " +
      "/48) without a valid token; 0: no limit. A search counts as four, and further requests get 429. " +
      "Each gateway counts for itself, and each service the calls that bypass the gateway",
  ),
  ...tlsSettings,
  TLS_RELOAD_EVERY: duration("1m").describe(
    "Interval of the check for replaced certificate files (`TLS_CERT_FILE` and so on)",
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .optional()
    .describe("URL of the collector of traces. Without it, processes send none"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number("must be a number from 0 to 1")
    .min(0, "must be a number from 0 to 1")
    .max(1, "must be a number from 0 to 1")
    .default(1)
    .describe("Share of new traces to record, from 0 to 1"),
  OTEL_BSP_SCHEDULE_DELAY: wholeNumber({ min: 1 })
    .default(5000)
    .describe("Longest time in ms that spans wait for others to be sent with. `npm start` sets 1000"),
  DRAIN_TIMEOUT: duration("20s").describe("Time to finish running work after a stop signal"),
};

/** Additional settings of a gRPC service. */
export const serviceSettings = {
  ...processSettings,
  PORT: port(0).describe(
    "gRPC port; 0: any free port. `npm start`, Compose and Kubernetes set the [usual " +
      "ones](operations.md#ports)",
  ),
  DATABASE_URL: z.string().meta({
    secret: true,
    form: "mysql://user:password@host:port/schema",
    description: "The service's own MySQL schema and user, as `mysql://user:password@host:port/schema`",
  }),
  DATABASE_POOL_SIZE: wholeNumber({ min: 1 })
    .default(16)
    .describe(
      "Connections for reads. Transactions have as many, and searches a sixteenth (at least 1). One caller " +
        "holds at most a quarter of each, and waiting callers take turns",
    ),
  DATABASE_TIMEOUT: duration("5s").describe(
    "Time limit for a connection and for a statement. MySQL ends a SELECT after nine tenths of it",
  ),
  DATA_KEY: keys.describe(
    "Key that encrypts values at rest, a different one for each service: 32 bytes, base64; " +
      "`current,previous` [while rotating](rotating-keys.md#data_key)",
  ),
  AUDIT_KEY: keys.describe(
    "Key that seals the audit trail, a different one for each service: 32 bytes, base64; " +
      "`current,previous` after a rotation. Keep it outside the database, and previous keys as long as the " +
      "trail ([0014](decisions/0014-audit-seals.md))",
  ),
  METRICS_SAMPLE_EVERY: duration("15s").describe(
    "Interval of counting tables for the metrics. A scrape runs no SQL",
  ),
  AUDIT_SEAL_EVERY: duration("5s").describe("Interval of sealing the audit trail, the same for all services"),
  AUDIT_CHECKPOINT_EVERY: duration("1m").describe(
    "Interval of the audit trail's checkpoints at another service, the same for all services",
  ),
  MAX_CONCURRENT_CALLS: wholeNumber({ min: 1 })
    .default(512)
    .describe(
      "Concurrent calls to a service; further ones get UNAVAILABLE (503). The last quarter is for networks " +
        "with fewer than two calls under way",
    ),
  MAX_PEER_CONNECTIONS: limit(256).describe(
    "Open gRPC connections of one peer address (an IPv6 /64); 0: no limit. Raise it where a proxy or mesh " +
      "opens more to one instance",
  ),
  ACCESS_TOKEN_TTL: duration("5m").describe("Validity of an access token"),
  REAUTHENTICATION_AGE: duration("10m").describe("Maximum age of a sign-in for calls that need a fresh one"),
  EVENT_WAIT: duration("250ms").describe("Longest wait of an answer for the direct consumers of its events"),
  OUTBOX_MAX_REFUSALS: wholeNumber({ min: 1 })
    .default(25)
    .describe(
      "Refusals by its consumer, over about ten minutes, before an event is dead and waits for `npm run " +
        "outbox`",
    ),
  SANDBOX_CLOCK: z
    .string()
    .optional()
    .meta({
      localOnly: true,
      description:
        "File of the advances of business time, the same for all services. Only `npm start` sets it, for [`npm run " +
        "clock`](operations.md#sandbox-clock). Production refuses it, and so does a `HOST` that is not loopback",
    }),
  GRPC_REFLECTION: flag.describe("`true` serves gRPC reflection, which lists all methods"),
};

/** Reads a setting from `NAME`, or from the file that `NAME_FILE` names, as with container secrets. */
export function settingOf(name: string, env = process.env): string | undefined {
  const file = env[`${name}_FILE`];
  return env[name] || (file ? readFileSync(file, "utf8").trimEnd() : undefined);
}

/**
 * Reads and checks the settings. Removes secrets from the environment, so that child processes and crash
 * reports do not contain them. If settings are invalid, or too weak for production, prints one line for each
 * mistake and exits with `exitCode`.
 */
export function loadConfig<S extends z.ZodRawShape>(
  shape: S,
  env = process.env,
  exitCode = 1,
): z.infer<z.ZodObject<S>> {
  const values = Object.fromEntries(Object.keys(shape).map((name) => [name, settingOf(name, env)]));
  const result = z.object(shape).safeParse(values, { error: whatIsAllowed });
  const problems = result.success
    ? problemsOf(shape, result.data, env.NODE_ENV === "production")
    : result.error.issues.map(({ path, message }) => {
        const setting = String(path[0]);
        // biome-ignore lint/style/noNonNullAssertion: an issue's path starts with a name of the shape
        return { setting, message: `${message}${hintFor(setting, shape[setting]!, values[setting])}` };
      });
  if (result.success && problems.length === 0) {
    for (const name of secretSettings(result.data)) delete env[name];
    return result.data;
  }
  const lines = problems.map(({ setting, message }) => `${setting} ${message}\n`);
  for (const line of new Set(lines)) process.stderr.write(line);
  process.exit(exitCode);
}

/** Error messages for settings whose schema has no error message of its own. */
const whatIsAllowed: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined) return "is required";
  return issue.code === "invalid_value" ? `must be one of ${issue.values.join(", ")}` : undefined;
};

/** The end of an error message: what to set, or the invalid value unless it is secret. */
function hintFor(setting: string, schema: z.core.$ZodType, value: string | undefined): string {
  const { secret, form } = z.globalRegistry.get(schema) ?? {};
  if (value === undefined)
    return `${form ? `: ${form}` : ""}; or name a file that holds it in ${setting}_FILE`;
  return secret || secretSettings({ [setting]: value }).includes(setting)
    ? ""
    : `, not ${JSON.stringify(value)}`;
}

/**
 * Finds problems of settings that are valid one by one but not together, and secrets too weak for production.
 */
function problemsOf(shape: z.ZodRawShape, values: Record<string, unknown>, isProduction: boolean) {
  const tls = "TLS_CERT" in values ? tlsProblem(values, new Date()) : undefined;
  const sandbox = sandboxProblem(values);
  return [
    ...(tls ? [tls] : []),
    ...(sandbox ? [sandbox] : []),
    ...(isProduction ? [...localSettings(shape, values), ...weakSecrets(values)] : []),
  ];
}

const ONLY_LOCAL = "must not be set in production: it is for the system that npm start runs";

/** Finds settings and values that would open a system to everybody on its network. */
function localSettings(shape: z.ZodRawShape, values: Record<string, unknown>) {
  return Object.entries(shape).flatMap(([setting, schema]) => {
    const value = values[setting];
    const isSet = Array.isArray(value) ? value.length > 0 : Boolean(value);
    if (isSet && z.globalRegistry.get(schema)?.localOnly) return [{ setting, message: ONLY_LOCAL }];
    const isLoopback = Array.isArray(value) && value.includes("loopback");
    return isLoopback ? [{ setting, message: "must not have the value loopback in production" }] : [];
  });
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Finds a sandbox clock that is not confined to a local system. */
function sandboxProblem({ SANDBOX_CLOCK, HOST }: Record<string, unknown>) {
  if (SANDBOX_CLOCK === undefined) return undefined;
  if (LOOPBACK.includes(String(HOST))) return undefined;
  return { setting: "SANDBOX_CLOCK", message: `needs a loopback HOST such as 127.0.0.1, not "${HOST}"` };
}

export type ProcessConfig = z.infer<z.ZodObject<typeof processSettings>>;
export type ServiceConfig = z.infer<z.ZodObject<typeof serviceSettings>>;
