// `npm run compose:env`: writes an .env file with the secrets that docker-compose.yml needs. Runs without
// installed packages.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HELP = `Writes a file with random keys and passwords for docker-compose.yml (.env, at the root of the project).

Usage: npm run compose:env [-- FILE]

Only you can read the file. Keeps an existing file, because a MySQL volume's data can be decrypted with its keys only.

  -h, --help   Shows this.

Exit codes: 0 written, 1 the file exists or cannot be written
`;

const SERVICES = ["AUTH", "SCHEDULING", "CLINICAL", "BILLING"];

const key = () => randomBytes(32).toString("base64");
/** A new password of 24 random bytes, in characters that are safe in a URL. */
const password = () => randomBytes(24).toString("base64url");

/** @returns the exit code */
function main() {
  const { help, file } = readArguments();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    writeFileSync(file, `${secrets().join("\n")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const reason =
      error.code === "EEXIST" ? "exists and was left as it is" : `cannot be written (${error.code})`;
    process.stderr.write(`${file} ${reason}\n`);
    return 1;
  }
  process.stdout.write(`wrote ${file}\n`);
  return 0;
}

function readArguments() {
  const options = { help: { type: "boolean", short: "h", default: false } };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  if (positionals.length > 1) throw new Error(`Name one file, not ${positionals.join(" and ")}.`);
  return { help: values.help, file: positionals[0] ?? join(import.meta.dirname, "../../.env") };
}

const secrets = () => [
  "# Secrets of the Docker Compose stack, made by `npm run compose:env`. Keep them with the stack's volumes.",
  `INTERNAL_KEY=${key()}`,
  ...SERVICES.map((name) => `${name}_DATA_KEY=${key()}`),
  ...SERVICES.map((name) => `${name}_AUDIT_KEY=${key()}`),
  ...SERVICES.map((name) => `${name}_DB_PASSWORD=${password()}`),
  `MYSQL_ROOT_PASSWORD=${password()}`,
  `REDIS_PASSWORD=${password()}`,
];

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error.message}\nSee npm run compose:env -- --help.\n`);
  process.exitCode = 1;
}
