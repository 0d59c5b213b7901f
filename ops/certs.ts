// `npm run certs`: makes a private CA, and certificates for the processes and for internal systems.
import { ensureCertificates, filesIn, type Outcome, PROCESSES } from "./certificates/certificate-folder.ts";
import { runCommand } from "./command/command.ts";
import { UsageError } from "./command/setup-error.ts";

const HELP = `Makes a private CA, and a certificate for each process and internal system, for mutual TLS.

Usage: npm run certs -- [options]

Writes DIR/NAME/tls.crt, tls.key and ca.crt, and keeps existing files. DIR/ca/ca.key signs further certificates: keep it
in another place.

  --dir DIR       Folder of the certificates (.local/certs).
  --client NAME   Also makes a certificate for an internal system, in DIR/clients/NAME. Repeatable.
  --san NAME      Further name or address of the services; neither a process's name nor a wildcard. Repeatable.
  --days N        Lifetime of new certificates (90).
  --renew         Replaces certificates in the last third of their lifetime. Running processes load the new files.
  -h, --help      Shows this.

A process reads TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE. To replace a certificate early, such as one with a leaked
key, delete its folder first. The old certificate stays valid until it expires or you replace the CA.

Exit codes: 0 done, 1 the command failed, 2 wrong arguments
`;

runCommand({
  name: "certs",
  help: HELP,
  options: {
    dir: { type: "string", default: ".local/certs" },
    client: { type: "string", multiple: true, default: [] },
    san: { type: "string", multiple: true, default: [] },
    days: { type: "string", default: "90" },
    renew: { type: "boolean", default: false },
  },
  run: async ({ dir, client: clients, san: altNames, days: daysText, renew }) => {
    const days = Number(daysText);
    if (!(days > 0 && days <= 3650))
      throw new UsageError(`--days must be from 1 to 3650, not "${daysText}".`);
    const outcomes = await ensureCertificates(dir, { clients, altNames, days, renew });
    for (const { name, outcome, folder, expireTime } of outcomes) {
      const until = expireTime.toISOString().slice(0, 10);
      process.stdout.write(`${outcome.padEnd(8)}${name.padEnd(12)}until ${until}  ${folder}\n`);
    }
    process.stdout.write(howToUse(outcomes));
    return 0;
  },
});

/**
 * Returns two examples: how a process uses its certificate, and how a caller does. The caller is an internal
 * system; if none has a certificate, it is a process.
 */
function howToUse(outcomes: Outcome[]): string {
  // biome-ignore lint/style/noNonNullAssertion: each run makes or keeps a certificate for every process
  const processOutcome = outcomes.find(({ name }) => name === "scheduling")!;
  // biome-ignore lint/style/noNonNullAssertion: each run makes or keeps a certificate for every process
  const caller = outcomes.find(({ name }) => !PROCESSES.includes(name)) ?? outcomes.at(-1)!;
  const process = filesIn(processOutcome.folder);
  const { ca, cert, key } = filesIn(caller.folder);
  return `
A process, such as scheduling:
  TLS_CERT_FILE=${process.cert} TLS_KEY_FILE=${process.key} TLS_CA_FILE=${process.ca}

A caller, such as ${caller.name}:
  buf curl --schema proto --protocol grpc --cacert ${ca} --cert ${cert} --key ${key} \\
    -H "authorization: Bearer $token" https://localhost:50052/medconnect.scheduling.v1.BookingService/ListBookings
  grpcurl -cacert ${ca} -cert ${cert} -key ${key} \\
    -H "authorization: Bearer $token" localhost:50052 medconnect.scheduling.v1.BookingService/ListBookings
`;
}
