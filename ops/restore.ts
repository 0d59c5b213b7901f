// `npm run restore`: restores a backup of `npm run backup`.
import { loadConfig } from "@medconnect/platform/config/config.ts";
import type { Decrypter } from "age-encryption";
import { readKeyFile } from "./backup/file/encryption.ts";
import { type VerifiedBackup, verifyBackup } from "./backup/file/read-backup.ts";
import { everySeconds, megabytes, pace } from "./backup/progress.ts";
import { restoreBackup } from "./backup/restore-backup.ts";
import { runCommand } from "./command/command.ts";
import { UsageError } from "./command/setup-error.ts";
import {
  inheritServers,
  passwordSettings,
  passwordsOf,
  SERVER_HELP,
  serverSettings,
  serversOf,
} from "./settings/schema-servers.ts";

const HELP = `Restores the four schemas from a backup of npm run backup.

Usage: npm run restore -- FILE --key KEYFILE [--replace]
       npm run restore -- check FILE --key KEYFILE

Stop all processes of MedConnect first. Reads the whole backup before it changes anything, and refuses one that is
truncated, damaged, encrypted to another key, or of a newer release. Applies the migrations that are newer than the
backup, and creates the database users as npm run migrate does.

  check FILE       Only reads the backup, and says whether it is complete. Needs no server.
  --key KEYFILE    File with the private key: AGE-SECRET-KEY-1…
  --replace        Deletes the schemas that exist, with all that they hold.
  -h, --help       Shows this.

Settings (NAME_FILE names a file that holds the value of NAME); default: the system that npm start runs here (STACK_JSON):
${SERVER_HELP}  AUTH_DB_PASSWORD, …      Database password of each service.

Exit codes: 0 the backup is restored, or complete, 1 the command failed
`;

runCommand({
  name: "restore",
  help: HELP,
  options: { key: { type: "string" }, replace: { type: "boolean", default: false } },
  allowPositionals: true,
  run: async ({ key, replace }, words) => {
    const isCheck = words[0] === "check";
    const [file, ...rest] = isCheck ? words.slice(1) : words;
    if (file === undefined) throw new UsageError("Name the file of the backup.");
    if (rest.length > 0) throw new UsageError(`"${rest[0]}" is too much.`);
    if (key === undefined) throw new UsageError("Name the file of the private key: --key KEYFILE.");
    if (isCheck && replace) throw new UsageError("check changes nothing, so --replace has no meaning.");
    const decrypter = await readKeyFile(key);
    const backup = await check(file, decrypter);
    return isCheck ? 0 : await restore(file, decrypter, backup, replace);
  },
});

async function check(file: string, decrypter: Decrypter): Promise<VerifiedBackup> {
  const beganMs = performance.now();
  const backup = await verifyBackup(file, decrypter);
  const { manifest, totals, sqlLength } = backup;
  const rows = Object.values(totals).reduce((sum, count) => sum + count, 0);
  process.stdout.write(
    `Moment    ${manifest.moment}, release ${manifest.release.version} (${manifest.release.commit})\n` +
      `Complete  ${rows} rows, ${megabytes(sqlLength)} of SQL; ${pace(sqlLength, performance.now() - beganMs)}\n`,
  );
  return backup;
}

async function restore(
  file: string,
  decrypter: Decrypter,
  backup: VerifiedBackup,
  replace: boolean,
): Promise<number> {
  inheritServers();
  const config = loadConfig({ ...serverSettings, ...passwordSettings });
  const beganMs = performance.now();
  const onProgress = everySeconds((sqlLength: number) => {
    process.stderr.write(`${megabytes(sqlLength)} of ${megabytes(backup.sqlLength)}\n`);
  });
  const target = { ...serversOf(config), passwords: passwordsOf(config) };
  const migrations = await restoreBackup({ file, decrypter, backup, target, replace, onProgress });
  process.stdout.write(`Restored  ${pace(backup.sqlLength, performance.now() - beganMs)}\n`);
  for (const migration of migrations) process.stdout.write(`applied ${migration}\n`);
  return 0;
}
