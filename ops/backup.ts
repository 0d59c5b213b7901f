// `npm run backup`: writes all schemas, as they are at one moment, to an encrypted file.
import { writeFile } from "node:fs/promises";
import { loadConfig } from "@medconnect/platform/config/config.ts";
import * as z from "zod";
import { archiveLogs } from "./backup/archive-log.ts";
import { encrypterFor, keyFileOf, makeKeyPair } from "./backup/file/encryption.ts";
import { everySeconds, megabytes, pace } from "./backup/progress.ts";
import { writeBackup } from "./backup/write-backup.ts";
import { checkoutCommit } from "./command/checkout-commit.ts";
import { runCommand } from "./command/command.ts";
import { SetupError, UsageError } from "./command/setup-error.ts";
import { inheritServers, SERVER_HELP, serverSettings, serversOf } from "./settings/schema-servers.ts";

const HELP = `Writes the four schemas, as they are at one moment, to a new encrypted file.

Usage: npm run backup [-- --dir DIR]
       npm run backup -- log [--dir DIR]
       npm run backup -- key FILE

Services keep running. Writes wait for some milliseconds at the moment of the backup, and migrations until its end. The
file is encrypted to a public key, so this host cannot read it. Keep the private key, and the processes' keys (DATA_KEY,
AUDIT_KEY, INTERNAL_KEY), elsewhere: without them no backup can be used.

  log          Copies the binary logs of the servers, from the last copy to their end, to encrypted files in DIR/log. Run it
               every minute to restore any moment between backups: npm run restore -- FILE --to TIME.
  key FILE     Makes a pair of keys: writes the private one to FILE, and prints the public one.
  --dir DIR    Folder of the backups (BACKUP_DIR).
  -h, --help   Shows this.

Settings (NAME_FILE names a file that holds the value of NAME); default of the servers: the system that npm start runs
here (STACK_JSON):
  BACKUP_RECIPIENT         Public key of age, age1…; several are separated by commas, and each private key fits.
  BACKUP_DIR               Folder of the backups (.local/backups).
${SERVER_HELP}
Exit codes: 0 the backup is complete and on the disk, 1 the command failed, 2 wrong arguments
`;

/** Difference between the servers' clocks that is told, in ms. Queries that do not arrive at once look like less. */
const CLOCK_SPREAD_MS = 100;

const settings = {
  ...serverSettings,
  BUILD_COMMIT: z.string().default(() => checkoutCommit() ?? "unknown"),
  BACKUP_RECIPIENT: z.string("is required: make a pair of keys by npm run backup -- key FILE"),
  BACKUP_DIR: z.string().default(".local/backups"),
};

runCommand({
  name: "backup",
  help: HELP,
  options: { dir: { type: "string" } },
  allowPositionals: true,
  run: async ({ dir }, [action, file, ...rest]) => {
    if (rest.length > 0) throw new UsageError(`"${rest[0]}" is too much.`);
    if (action === undefined) return await backUp(dir);
    if (action === "log" && file === undefined) return await copyLogs(dir);
    if (action !== "key") throw new UsageError(`Say log, key, or nothing, not "${file ?? action}".`);
    if (file === undefined) throw new UsageError("Name a file for the private key.");
    return await makeKeys(file);
  },
});

async function backUp(dir: string | undefined): Promise<number> {
  inheritServers();
  const config = loadConfig(settings);
  const beganMs = performance.now();
  const onProgress = everySeconds(({ sqlLength, rows }: { sqlLength: number; rows: number }) => {
    process.stderr.write(`${rows} rows, ${megabytes(sqlLength)}\n`);
  });
  const backup = await writeBackup({
    servers: serversOf(config),
    encrypter: encrypterFor(config.BACKUP_RECIPIENT),
    folder: dir ?? config.BACKUP_DIR,
    commit: config.BUILD_COMMIT,
    onProgress,
  });
  const { manifest, pausedMs, clockSpreadMs, rows, sqlLength, file, fileBytes } = backup;
  process.stdout.write(
    `Moment    ${manifest.moment}; writes waited ${Math.ceil(pausedMs)} ms\n` +
      `Content   ${rows} rows, ${megabytes(sqlLength)} of SQL; ${pace(sqlLength, performance.now() - beganMs)}\n` +
      `File      ${file}, ${megabytes(fileBytes)}\n`,
  );
  if (clockSpreadMs > CLOCK_SPREAD_MS) {
    process.stderr.write(
      `The clocks of the MySQL servers differ by ${clockSpreadMs} ms. Keep them equal by NTP: restore --to goes by them.\n`,
    );
  }
  return 0;
}

async function copyLogs(dir: string | undefined): Promise<number> {
  inheritServers();
  const config = loadConfig(settings);
  const encrypter = encrypterFor(config.BACKUP_RECIPIENT);
  const segments = await archiveLogs(serversOf(config), dir ?? config.BACKUP_DIR, encrypter);
  for (const { path, bytes } of segments) process.stdout.write(`${path}, ${megabytes(bytes)}\n`);
  if (segments.length === 0) process.stdout.write("The log has nothing new.\n");
  return 0;
}

async function makeKeys(file: string): Promise<number> {
  const pair = await makeKeyPair();
  try {
    await writeFile(file, keyFileOf(pair, new Date()), { flag: "wx", mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SetupError(
      code === "EEXIST"
        ? `${file} exists; it may hold the key of older backups.`
        : `${file} cannot be written (${code}).`,
    );
  }
  process.stdout.write(`BACKUP_RECIPIENT=${pair.recipient}\n`);
  process.stderr.write(`Move ${file} off this host: it opens every backup. Keep two copies of it.\n`);
  return 0;
}
