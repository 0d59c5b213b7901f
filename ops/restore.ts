// `npm run restore`: restores a backup of `npm run backup`.
import { dirname } from "node:path";
import { loadConfig } from "@medconnect/platform/config/config.ts";
import type { UnconfirmedRestore } from "@medconnect/platform/restores/restore-store.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { Decrypter } from "age-encryption";
import * as z from "zod";
import { readKeyFile } from "./backup/file/encryption.ts";
import { type VerifiedBackup, verifyBackup } from "./backup/file/read-backup.ts";
import type { ArchivedLogs } from "./backup/log-changes.ts";
import { everySeconds, megabytes, pace } from "./backup/progress.ts";
import { verifyLogs } from "./backup/replay-logs.ts";
import { restoreBackup } from "./backup/restore-backup.ts";
import { confirmRestore, unconfirmedRestores } from "./backup/unconfirmed.ts";
import { CONFIRMATION, confirm, runCommand } from "./command/command.ts";
import { UsageError } from "./command/setup-error.ts";
import type { SchemaServers } from "./schemas/provision.ts";
import {
  inheritServers,
  passwordSettings,
  passwordsOf,
  SERVER_HELP,
  serverSettings,
  serversOf,
} from "./settings/schema-servers.ts";

const HELP = `Restores the four schemas from a backup of npm run backup.

Usage: npm run restore -- FILE --key KEYFILE [--to TIME] [--replace]
       npm run restore -- check FILE --key KEYFILE
       npm run restore -- status
       npm run restore -- confirm [--yes]

Stop all processes of MedConnect first. Reads the whole backup before it changes anything, and refuses one that is
truncated, damaged, encrypted to another key, or of a newer release. Applies the migrations that are newer than the
backup, ends all sessions, and creates the database users as npm run migrate does.

Until confirm, the services send no events and no mails, and change nothing at the payment provider: they answer payments,
refunds and webhooks with 503. Billing asks the provider about every open payment meanwhile.

  check FILE       Only reads the backup, and says whether it is complete. Needs no server.
  status           Shows which services wait for confirm.
  confirm          Lets the services send again. Start them and run the checks first: reconcile, ledger:check,
                   audit:verify. Asks for confirmation on a terminal; --yes skips the question.
  --to TIME        Then replays the binary logs that npm run backup -- log has archived: all transactions committed until
                   TIME, such as 2026-12-01T10:00:00Z. Without it, restores the moment of the backup.
  --logs DIR       Folder that contains log/, the archive (that of FILE).
  --key KEYFILE    File with the private key: AGE-SECRET-KEY-1…
  --replace        Deletes the schemas that exist, with all that they hold.
  -h, --help       Shows this.

Settings (NAME_FILE names a file that holds the value of NAME); default: the system that npm start runs here (STACK_JSON):
${SERVER_HELP}  AUTH_DB_PASSWORD, …      Database password of each service, to restore.

Exit codes: 0 done, 1 not confirmed, or the command failed, 2 wrong arguments
`;

interface Flags {
  to?: string | undefined;
  logs?: string | undefined;
  key?: string | undefined;
  replace: boolean;
  yes?: boolean | undefined;
}

runCommand({
  name: "restore",
  help: HELP,
  options: {
    to: { type: "string" },
    logs: { type: "string" },
    key: { type: "string" },
    replace: { type: "boolean", default: false },
    ...CONFIRMATION,
  },
  allowPositionals: true,
  run: async (flags, words) => {
    const [action, ...rest] = words;
    switch (action) {
      case "status":
        refuseMore(rest);
        return await showStatus();
      case "confirm":
        refuseMore(rest);
        return await confirmOnDemand(flags);
      case "check":
        if (flags.replace) throw new UsageError("check changes nothing, so --replace has no meaning.");
        await check(...(await inputsOf(flags, rest)));
        return 0;
      default:
        return await restore(...(await inputsOf(flags, words)), flags);
    }
  },
});

function refuseMore([word]: string[]): void {
  if (word !== undefined) throw new UsageError(`"${word}" is too much.`);
}

/** The backup's file, and its private key. */
async function inputsOf({ key }: Flags, [file, ...rest]: string[]): Promise<[string, Decrypter]> {
  if (file === undefined) throw new UsageError("Name the file of the backup.");
  refuseMore(rest);
  if (key === undefined) throw new UsageError("Name the file of the private key: --key KEYFILE.");
  return [file, await readKeyFile(key)];
}

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

/** The archive of the logs; undefined without --to. */
function logsOf({ to, logs }: Flags, file: string, decrypter: Decrypter): ArchivedLogs | undefined {
  if (to === undefined) {
    if (logs !== undefined) throw new UsageError("--logs is for --to.");
    return undefined;
  }
  const time = z.iso.datetime({ offset: true }).safeParse(to);
  if (!time.success) throw new UsageError(`--to must be a time such as 2026-12-01T10:00:00Z, not "${to}".`);
  return { folder: logs ?? dirname(file), decrypter, until: new Date(time.data) };
}

async function restore(file: string, decrypter: Decrypter, flags: Flags): Promise<number> {
  const logs = logsOf(flags, file, decrypter);
  const backup = await check(file, decrypter);
  inheritServers();
  const config = loadConfig({ ...serverSettings, ...passwordSettings });
  const beganMs = performance.now();
  const onProgress = everySeconds((sqlLength: number) => {
    process.stderr.write(`${megabytes(sqlLength)} of ${megabytes(backup.sqlLength)}\n`);
  });
  const target = { ...serversOf(config), passwords: passwordsOf(config) };
  if (logs) tellEnd(await verifyLogs(logs, backup.manifest, target), logs);
  const { replace } = flags;
  const { migrations, transactions } = await restoreBackup({
    file,
    decrypter,
    backup,
    target,
    replace,
    logs,
    onProgress,
  });
  process.stdout.write(`Restored  ${pace(backup.sqlLength, performance.now() - beganMs)}\n`);
  if (logs)
    process.stdout.write(`Replayed  ${transactions} transactions, until ${logs.until.toISOString()}\n`);
  for (const migration of migrations) process.stdout.write(`applied ${migration}\n`);
  process.stdout.write("Nothing is sent outside until npm run restore -- confirm.\n");
  return 0;
}

function tellEnd(end: Date | undefined, { until }: ArchivedLogs): void {
  if (end && end >= until) return;
  process.stderr.write(
    `The archive ends with a transaction of ${end?.toISOString() ?? "before the backup"}: later ones, if any, are lost.\n`,
  );
}

async function showStatus(): Promise<number> {
  const restores = await unconfirmedRestores(configuredServers());
  for (const service of SERVICES)
    process.stdout.write(`${service.padEnd(12)}${inWords(restores.get(service))}\n`);
  return 0;
}

function inWords(restore: UnconfirmedRestore | undefined): string {
  if (!restore) return "nothing to confirm";
  const facts = `restored ${restore.createTime.toISOString()} to ${restore.moment.toISOString()}`;
  return `${facts}, ${restore.readyTime ? "waits for confirm" : "asks the payment provider about open payments"}`;
}

async function confirmOnDemand(flags: Flags): Promise<number> {
  const question = "Let the services send events and mails, and move money?";
  if (!(await confirm(question, flags))) return 1;
  const confirmed = await confirmRestore(configuredServers());
  process.stdout.write(
    confirmed.length > 0
      ? `Confirmed: ${confirmed.join(", ")} send again.\n`
      : "No restore waits for confirm.\n",
  );
  return 0;
}

function configuredServers(): SchemaServers {
  inheritServers();
  return serversOf(loadConfig(serverSettings));
}
