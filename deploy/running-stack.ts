import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingOf } from "@medconnect/platform/config.ts";
import type { Secrets } from "./local/data-folder.ts";
import type { Stack } from "./local/stack.ts";
import { SCHEMA_PREFIX, SERVICES, type Service } from "./provision.ts";
import { SetupError } from "./setup-error.ts";

/** Part of stack.json. */
type StackJson = Pick<Stack, "urls" | "addresses" | "certificates">;

const DEFAULT_FILE = join(import.meta.dirname, "../.local/data/stack.json");

/** The system that `npm start` runs here, for commands that look after it. */
export class RunningStack {
  readonly json: StackJson;
  readonly secrets: Secrets;

  /** @param instead what else can be set, for those who run none. Throws SetupError where none was ever started. */
  constructor(instead: string) {
    const file = process.env.STACK_JSON || DEFAULT_FILE;
    if (!existsSync(file))
      throw new SetupError(`Nothing runs here: there is no ${file}. Set STACK_JSON, or ${instead}.`);
    this.json = readJson<StackJson>(file);
    this.secrets = readJson<Secrets>(join(dirname(file), "secrets.json"));
  }

  /** A service's database, with the rights of the service itself. */
  databaseOf(service: Service): string {
    const url = new URL(this.json.urls.mysql);
    url.username = SCHEMA_PREFIX + service;
    url.password = this.secrets.databasePasswords[service];
    url.pathname = SCHEMA_PREFIX + service;
    return url.href;
  }
}

export interface Inherited {
  /** Setting that replaces a running system, such as "DATABASE_URL". */
  instead: string;
  settingsOf: (stack: RunningStack) => NodeJS.ProcessEnv;
  /** With which the process ends, with a line that says why, where no system runs. */
  exitCode?: number;
}

/** Gives a service's own command the settings of the running system; none if it has them, or only asks for `--help`. */
export function inheritSettings({ instead, settingsOf, exitCode = 1 }: Inherited): void {
  const { argv, env } = process;
  if (argv.includes("--help") || argv.includes("-h") || settingOf("DATABASE_URL")) return;
  try {
    Object.assign(env, settingsOf(new RunningStack(instead)));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCode);
  }
}

/** The service of that name, or all of them. Throws SetupError for another name. */
export function servicesNamed(name: string | undefined): Service[] {
  const named = SERVICES.filter((service) => name === undefined || service === name);
  if (named.length === 0) throw new SetupError(`There is no service ${name}.`);
  return named;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}
