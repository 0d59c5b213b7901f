// `npm run certs`: a private CA, and certificates of it for the processes and for internal systems.
import { parseArgs } from "node:util";
import { ensureCertificates, filesIn, type Outcome, PROCESSES } from "./certificates/certificate-folder.ts";
import { runCommand, SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run certs -- [options]

Makes a private CA and, signed by it, a certificate for each process, for mutual TLS between them: DIR/NAME/tls.crt,
tls.key and ca.crt. What is there already stays as it is. DIR/ca/ca.key is what makes further ones; keep it elsewhere.

  --dir DIR       where they are kept (.local/certs)
  --client NAME   makes one for an internal system, too, in DIR/clients/NAME; can be given several times
  --san NAME      a further name or address by which the services are reached, no process's own and no wildcard; can be
                  given several times
  --days N        how long new ones are valid (90)
  --renew         replaces those of which less than a third of that is left; running processes take them up by themselves
  --help          shows this

A process takes them with TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE. To make one anew that is not due, such as one
whose key has leaked, delete its folder first; the old one stays valid until it expires or the CA is replaced.
`;

runCommand(async () => {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const days = Number(flags.days);
  if (!(days > 0 && days <= 3650)) throw new SetupError(`--days must be from 1 to 3650, not ${flags.days}.`);
  const { dir, client: clients, san: altNames, renew } = flags;
  const outcomes = await ensureCertificates(dir, { clients, altNames, days, renew });
  for (const { name, outcome, folder, expireTime } of outcomes) {
    const until = expireTime.toISOString().slice(0, 10);
    process.stdout.write(`${outcome.padEnd(8)}${name.padEnd(12)}until ${until}  ${folder}\n`);
  }
  process.stdout.write(howToUse(outcomes));
  return 0;
});

function readFlags() {
  try {
    return parseArgs({
      options: {
        dir: { type: "string", default: ".local/certs" },
        client: { type: "string", multiple: true, default: [] },
        san: { type: "string", multiple: true, default: [] },
        days: { type: "string", default: "90" },
        renew: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run certs -- --help.`);
  }
}

/** How a process takes its certificate, and how an internal system calls with its own. */
function howToUse(outcomes: Outcome[]): string {
  const process = filesIn(outcomes.find(({ name }) => name === "scheduling")!.folder);
  const caller = outcomes.find(({ name }) => !PROCESSES.includes(name)) ?? outcomes.at(-1)!;
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
