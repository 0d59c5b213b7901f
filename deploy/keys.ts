// `npm run keys`: shows and rotates the signing keys of the system that runs here, or of the database in DATABASE_URL.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Secrets } from "./local/data-folder.ts";

const ROOT = join(import.meta.dirname, "..");
const USER_AND_SCHEMA = "medconnect_auth";

const args = process.argv.slice(2);
const stackFile = process.env.STACK_JSON || join(ROOT, ".local/data/stack.json");
const hasDatabase = process.env.DATABASE_URL || process.env.DATABASE_URL_FILE;
const needsStack = !hasDatabase && !args.includes("--help") && !args.includes("-h");

if (needsStack && !existsSync(stackFile)) {
  process.stderr.write(`Nothing runs here: there is no ${stackFile}. Set STACK_JSON, or DATABASE_URL.\n`);
  process.exit(1);
}
if (needsStack) process.env.DATABASE_URL = databaseUrl(stackFile);
// The command reads arguments and settings by itself.
await import("@medconnect/auth/src/manage-keys.ts");

/** Auth's database, as auth itself reaches it. */
function databaseUrl(file: string): string {
  const { urls } = readJson<{ urls: { mysql: string } }>(file);
  const { databasePasswords } = readJson<Secrets>(join(dirname(file), "secrets.json"));
  const url = new URL(urls.mysql);
  url.username = USER_AND_SCHEMA;
  url.password = databasePasswords.auth;
  url.pathname = USER_AND_SCHEMA;
  return url.href;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}
