// `npm run compose:env`: writes the secrets that docker-compose.yml needs. Runs without installed packages.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArguments, seeHelp, WRONG_ARGUMENTS } from "../../ops/command/arguments.mjs";

const NAME = "compose:env";
const HELP = `Writes random keys and passwords for docker-compose.yml: a folder .secrets with a file for each, and a file .env
that names the folder.

Usage: npm run compose:env [-- FILE]

  FILE         File to write in place of .env at the root of the project. The folder .secrets is beside it.
  -h, --help   Shows this.

Only you can enter the folder. Keeps an existing FILE, because a MySQL volume's data can be decrypted with its keys only.
.secrets/mail_url names the mail server: Mailpit, which catches all mail, until you write another one.

Exit codes: 0 written, 1 the file exists or cannot be written, 2 wrong arguments
`;

const ROOT = join(import.meta.dirname, "../..");
const SERVICES = ["auth", "scheduling", "clinical", "billing"];
const PORTS = { auth: 50051, scheduling: 50052, clinical: 50053, billing: 50054 };
/** Docker mounts each file alone and keeps its mode, and the containers' users are not the file's owner. */
const READABLE_IN_CONTAINERS = 0o444;

const key = () => randomBytes(32).toString("base64");
/** A new password of 24 random bytes, in characters that are safe in a URL. */
const password = () => randomBytes(24).toString("base64url");

/** @returns the exit code */
function main() {
  const { values, positionals, problem } = parseArguments({
    name: NAME,
    help: HELP,
    options: {},
    allowPositionals: true,
  });
  const wrong =
    problem ?? (positionals.length > 1 ? `Name one file, not ${positionals.join(" and ")}.` : undefined);
  if (wrong !== undefined) {
    process.stderr.write(`${wrong}\n${seeHelp(NAME)}\n`);
    return WRONG_ARGUMENTS;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const file = positionals[0] ?? join(ROOT, ".env");
  const folder = join(dirname(file), ".secrets");
  try {
    writeFileSync(file, environment(folder), { mode: 0o600, flag: "wx" });
    mkdirSync(folder, { mode: 0o700 });
    for (const [name, text] of Object.entries(secrets()))
      writeFileSync(join(folder, name), text, { mode: READABLE_IN_CONTAINERS, flag: "wx" });
  } catch (error) {
    const reason =
      error.code === "EEXIST" ? "exists and was left as it is" : `cannot be written (${error.code})`;
    process.stderr.write(`${error.path ?? file} ${reason}\n`);
    return 1;
  }
  process.stdout.write(`wrote ${file} and ${folder}\n`);
  return 0;
}

/** @param {string} folder */
function environment(folder) {
  const fromRoot = relative(ROOT, folder);
  return [
    "# Settings of the Docker Compose stack, made by `npm run compose:env`. Keep the folder with the stack's volumes.",
    `SECRETS_DIR=${fromRoot.startsWith("..") ? folder : `./${fromRoot}`}`,
    "",
  ].join("\n");
}

/** Content of each file, by name. */
function secrets() {
  const of = (make) => Object.fromEntries(SERVICES.map((name) => [name, make()]));
  const [dataKeys, auditKeys, databasePasswords] = [of(key), of(key), of(password)];
  const [internalKey, mysqlPassword, redisPassword] = [key(), password(), password()];
  const ofService = (name) => ({
    [`${name}_data_key`]: dataKeys[name],
    [`${name}_audit_key`]: auditKeys[name],
    [`${name}_db_password`]: databasePasswords[name],
    [`${name}_database_url`]: `mysql://medconnect_${name}:${databasePasswords[name]}@mysql:3306/medconnect_${name}`,
  });
  return {
    internal_key: internalKey,
    mysql_root_password: mysqlPassword,
    mysql_url: `mysql://root:${mysqlPassword}@mysql:3306`,
    redis_password: redisPassword,
    redis_url: `redis://:${redisPassword}@redis:6379`,
    mail_url: "smtp://mailpit:1025",
    ...Object.assign({}, ...SERVICES.map(ofService)),
    // For operators' commands on all services, in the form that `npm start` writes.
    "stack.json": JSON.stringify({
      urls: { mysql: "mysql://mysql:3306" },
      addresses: Object.fromEntries(SERVICES.map((name) => [name, `${name}:${PORTS[name]}`])),
      certificates: "/certs",
    }),
    "secrets.json": JSON.stringify({ internalKey, dataKeys, auditKeys, databasePasswords }),
  };
}

process.exitCode = main();
