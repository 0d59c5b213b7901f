// `npm run compose:env [FILE]`: makes the .env that docker-compose.yml takes its secrets from. Never overwrites one: with
// new passwords and keys, what a MySQL volume holds already could no longer be opened.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const SERVICES = ["AUTH", "SCHEDULING", "CLINICAL", "BILLING"];
const file = process.argv[2] ?? join(import.meta.dirname, "../../.env");

const key = () => randomBytes(32).toString("base64");
/** Safe inside of a URL. */
const password = () => randomBytes(24).toString("base64url");

const lines = [
  "# Secrets of the Docker Compose stack, made by `npm run compose:env`. Keep them with the stack's volumes.",
  `INTERNAL_KEY=${key()}`,
  ...SERVICES.map((name) => `${name}_DATA_KEY=${key()}`),
  ...SERVICES.map((name) => `${name}_AUDIT_KEY=${key()}`),
  ...SERVICES.map((name) => `${name}_DB_PASSWORD=${password()}`),
  `MYSQL_ROOT_PASSWORD=${password()}`,
  `REDIS_PASSWORD=${password()}`,
];

try {
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
  process.stdout.write(`wrote ${file}\n`);
} catch (error) {
  const reason =
    error.code === "EEXIST" ? "is there already and stays as it is" : `cannot be written (${error.code})`;
  process.stderr.write(`${file} ${reason}\n`);
  process.exitCode = 1;
}
