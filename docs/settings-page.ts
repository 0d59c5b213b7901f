import * as z from "zod";
import { gatewaySettings } from "../gateway/settings.ts";
import { processSettings, serviceSettings } from "../platform/config/config.ts";
import { authSettings } from "../services/auth/src/settings.ts";
import { billingSettings } from "../services/billing/src/settings.ts";
import { clinicalSettings } from "../services/clinical/src/settings.ts";
import { schedulingSettings } from "../services/scheduling/src/settings.ts";
import { addressSettings } from "../topology/addresses.ts";

const shared: z.ZodRawShape = { ...processSettings, ...addressSettings };
const without = (shape: z.ZodRawShape, known: z.ZodRawShape): z.ZodRawShape =>
  Object.fromEntries(Object.entries(shape).filter(([name]) => !(name in known)));

/** All settings, grouped by the processes that read them, in the order of docs/settings.md. */
export const SETTINGS: Readonly<Record<string, z.ZodRawShape>> = {
  "All processes": shared,
  "All services": without(serviceSettings, shared),
  Auth: authSettings,
  Scheduling: schedulingSettings,
  Clinical: clinicalSettings,
  Billing: billingSettings,
  Gateway: without(gatewaySettings, shared),
};

const TABLE = ["| Setting | Default | Description |", "|---|---|---|"];

const COMMANDS = [
  "## Commands",
  "",
  "Each command lists its settings with `--help`. Several commands share these:",
  "",
  ...TABLE,
  "| `MYSQL_URL` | a private server | MySQL of `npm start` and of `npm run migrate`, which requires it:" +
    " `mysql://user:password@host:port` of an administrator |",
  "| `AUTH_MYSQL_URL`, … | `MYSQL_URL` | Server of one service's schema, for `npm run migrate`, `backup` and `restore` |",
  "| `BACKUP_RECIPIENT` | required | Public keys of age to which `npm run backup` encrypts, separated by commas |",
  "| `BACKUP_DIR` | `.local/backups` | Folder to which `npm run backup` writes |",
  "| `REDIS_URL` | a private server | Redis of `npm start` |",
  "| `GATEWAY_PORT`, … | the [usual ports](operations.md#ports) | `PORT` of each process under `npm start` |",
  "| `GATEWAY_METRICS_PORT`, … | the usual ports | `METRICS_PORT` of each process under `npm start` |",
  "| `GATEWAY_INSPECTOR_PORT`, … | 9229 to 9233 | Ports for debuggers under `npm run dev` |",
  "| `TRACES_PORT` | 9469 | Port of the [pages of traces](operations.md#traces-and-logs) under `npm start` |",
  "| `LOG_FORMAT` | `pretty` on a terminal, else `json` | Lines that `npm start` shows: one short line for each" +
    " request and problem, or the JSON of the processes. The log files are always JSON |",
  "| `MTLS` | `0` | `1`: mutual TLS for gRPC under `npm start`, as with `--mtls` |",
  "| `MEDCONNECT_ENGINES_DIR` | `.local/engines` | Folder for MySQL and Redis if they are not installed |",
  "| `ADMIN_PASSWORD` (secret) | asked for | Passphrase of the account that `npm run admin:create` makes |",
  "| `STACK_JSON` | `.local/data/stack.json` | Running system for commands that have no `DATABASE_URL` |",
  "",
];

/** Returns the content of docs/settings.md: every setting with its default and its description. */
export function settingsPage(): string {
  return [
    "# Settings",
    "",
    "Made from the settings' own descriptions by `npm run docs:settings`; do not edit.",
    "",
    "Processes read their settings from the environment.",
    "",
    "- `NAME_FILE` names a file that holds the value of `NAME`: use it for secrets.",
    "- A wrong value ends the process at its start, with one line for each and exit code 1.",
    "- Durations are numbers with a unit: `250ms`, `5s`, `15m`, `24h`, `30d`.",
    "- `NODE_OPTIONS` of your own replaces the memory flags of the image: repeat them",
    "  ([0031](decisions/0031-bundles.md#memory-flags)).",
    "",
    "Services are auth, scheduling, clinical and billing; all processes are these and the gateway.",
    "",
    ...Object.entries(SETTINGS).flatMap(([processes, shape]) => section(processes, shape)),
    ...COMMANDS,
  ].join("\n");
}

function section(processes: string, shape: z.ZodRawShape): string[] {
  const { properties, required } = z.toJSONSchema(z.object(shape), { io: "input", unrepresentable: "any" });
  const rows = Object.entries(properties ?? {}).map(([name, schema]) =>
    row(name, schema as Property, required),
  );
  return [`## ${processes}`, "", ...TABLE, ...rows, ""];
}

type Property = z.core.JSONSchema.BaseSchema & { secret?: true; documentedDefault?: string };

function row(name: string, property: Property, required: string[] = []): string {
  const { description, secret, documentedDefault, default: value } = property;
  const written = value === undefined || value === "" ? "none" : `\`${value}\``;
  const byDefault = required.includes(name) ? "required" : (documentedDefault ?? written);
  return `| \`${name}\`${secret ? " (secret)" : ""} | ${byDefault} | ${description} |`;
}
