import { settingOf } from "@medconnect/platform/config/config.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import * as z from "zod";
import { SCHEMA_PREFIX, type SchemaServers } from "../schemas/provision.ts";
import { RunningStack } from "./running-stack.ts";

export const serverSettings = {
  MYSQL_URL: z.string(),
  MYSQL_PREFIX: z
    .string()
    .regex(/^[a-z0-9_]{1,20}$/, "must be at most 20 of a-z, 0-9 and _")
    .default(SCHEMA_PREFIX),
  AUTH_MYSQL_URL: z.string().optional(),
  SCHEDULING_MYSQL_URL: z.string().optional(),
  CLINICAL_MYSQL_URL: z.string().optional(),
  BILLING_MYSQL_URL: z.string().optional(),
};

const password = z.string().min(1);

export const passwordSettings = {
  AUTH_DB_PASSWORD: password,
  SCHEDULING_DB_PASSWORD: password,
  CLINICAL_DB_PASSWORD: password,
  BILLING_DB_PASSWORD: password,
};

/** Help of `serverSettings`, for the commands that use them. */
export const SERVER_HELP = `  MYSQL_URL                mysql://user:password@host:port of an administrator
  AUTH_MYSQL_URL, …        The same for the server of one service's schema, if it is another one.
  MYSQL_PREFIX             Prefix of schema and user names (${SCHEMA_PREFIX}).
`;

type Settings<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>>;

export const serversOf = (settings: Settings<typeof serverSettings>): SchemaServers => ({
  prefix: settings.MYSQL_PREFIX,
  urls: byService((name) => settings[`${name}_MYSQL_URL`] ?? settings.MYSQL_URL),
});

/** Database password of each service. */
export const passwordsOf = (settings: Settings<typeof passwordSettings>): Record<ServiceName, string> =>
  byService((name) => settings[`${name}_DB_PASSWORD`]);

/**
 * Sets the settings of servers and passwords to those of the system that `npm start` runs here, unless
 * MYSQL_URL is set.
 */
export function inheritServers(): void {
  if (settingOf("MYSQL_URL")) return;
  const { json, secrets } = new RunningStack("MYSQL_URL and the other settings in --help");
  process.env.MYSQL_URL = json.urls.mysql;
  for (const service of SERVICES) {
    process.env[`${service.toUpperCase()}_DB_PASSWORD`] = secrets.databasePasswords[service];
  }
}

function byService<T>(value: (name: Uppercase<ServiceName>) => T): Record<ServiceName, T> {
  const entries = SERVICES.map((service) => [
    service,
    value(service.toUpperCase() as Uppercase<ServiceName>),
  ]);
  return Object.fromEntries(entries);
}
