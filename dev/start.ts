// `npm start`: the whole system on this machine.
import { clientFolder, filesIn } from "@medconnect/ops/certificates/certificate-folder.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { Server } from "./engines/server.ts";
import { resetDataFolder } from "./stack/data-folder.ts";
import { watchMails } from "./stack/mail-folder.ts";
import { configuredPorts, refuseBusyPorts } from "./stack/ports.ts";
import { DEMO_ACCOUNTS, DEMO_PASSWORD, DEMO_REGION, seed } from "./stack/seed.ts";
import { LOCAL_CLIENT, STACK_STEPS, type Stack, startStack } from "./stack/stack.ts";
import { terminalProgress } from "./terminal/progress.ts";
import { aborted, stopSignal } from "./terminal/stop-signal.ts";

const HELP = `Usage: npm start [-- options]

Starts MySQL, Redis, the four services and the gateway, and makes demo accounts. Ctrl-C stops it all; a second one
kills it. The data is kept for the next start.

  --port N         the gateway's port (8080, or GATEWAY_PORT)
  --data-dir DIR   where databases, secrets and stack.json are kept (.local/data)
  --reset          deletes what is in there first
  --sources        runs the sources instead of bundles of them; npm run dev is npm start -- --sources
  --mtls           gRPC over mutual TLS, with certificates made into DIR/certificates (or MTLS=1)
  --help           shows this

Environment, which is passed on to every process:
  MYSQL_URL, REDIS_URL                  use these servers; mysql://user:password@host:port of an administrator
  GATEWAY_PORT, AUTH_PORT, …            ports: gateway 8080, auth 50051, scheduling 50052, clinical 50053, billing 50054
  GATEWAY_METRICS_PORT, …               metrics: gateway 9464, auth 9465, scheduling 9466, clinical 9467, billing 9468
  MAIL_URL=smtp://host:port             sends mails; without it they are caught in the data folder, and their links shown
  MEDCONNECT_ENGINES_DIR                where MySQL and Redis are unpacked to, if they are not installed (.local/engines)
  LOG_LEVEL=warn, RATE_LIMIT_AUTH=0, …  any setting of a process
`;

runCommand({
  name: "start",
  help: HELP,
  options: {
    port: { type: "string" },
    "data-dir": { type: "string", default: ".local/data" },
    reset: { type: "boolean", default: false },
    sources: { type: "boolean", default: false },
    mtls: { type: "boolean", default: ["1", "true"].includes(process.env.MTLS ?? "") },
  },
  run: async (flags) => {
    const stopping = stopSignal(() => {
      say("Killed.");
      Server.killAll();
      process.exit(1);
    });
    const env = flags.port === undefined ? process.env : { ...process.env, GATEWAY_PORT: flags.port };
    const ports = configuredPorts(env);
    // Nothing is deleted for a start that cannot be.
    await refuseBusyPorts(ports);
    if (flags.reset) resetDataFolder(flags["data-dir"]);

    const progress = terminalProgress(STACK_STEPS + 1);
    const death = Promise.withResolvers<string>();
    let stack: Stack;
    try {
      stack = await startStack({
        dataDir: flags["data-dir"],
        mysqlUrl: process.env.MYSQL_URL || undefined,
        redisUrl: process.env.REDIS_URL || undefined,
        ports,
        mtls: flags.mtls,
        runs: flags.sources ? "sources" : "bundles",
        logs: "console",
        progress,
        signal: stopping,
        onDied: (name, how) => death.resolve(`${name} ended ${how}.`),
      });
    } catch (error) {
      if (!stopping.aborted) throw error;
      say("Stopped.");
      return 130;
    }

    progress.step("Demo accounts");
    await Promise.race([
      seed(stack).catch((error) => say(`Demo accounts are incomplete: ${error.message}`)),
      aborted(stopping),
    ]);
    if (!stopping.aborted) say(welcome(stack));
    const stopWatching = watchMails(stack.mailFolder, ({ to, subject, link }) =>
      process.stdout.write(`mail to ${to}: ${[subject, link].filter(Boolean).join(" ")}\n`),
    );

    const died = await Promise.race([death.promise, aborted(stopping)]);
    stopWatching();
    say(died ? `${died} Stopping everything.` : "Stopping …");
    await stack.stop();
    say("Stopped.");
    return died ? 1 : 0;
  },
});

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** Arguments with which `buf curl` is admitted. */
function tlsFlags(certificates: string): string {
  const { ca, cert, key } = filesIn(clientFolder(certificates, LOCAL_CLIENT));
  return `--cacert ${ca} --cert ${cert} --key ${key}`;
}

function welcome({ urls, addresses, certificates, ports, mailFolder, file }: Stack): string {
  const row = (name: string, value: string) => `  ${name.padEnd(12)}${value}`;
  return [
    "MedConnect is ready.",
    "",
    row("gateway", urls.gateway),
    row("API docs", `${urls.gateway}/docs`),
    ...Object.entries(addresses).map(([name, address]) => row(name, `${address} (gRPC)`)),
    ...PROCESSES.map((name) =>
      row("metrics", `http://127.0.0.1:${ports[name].metricsPort}/metrics (${name})`),
    ),
    row("mail", process.env.MAIL_URL ? "by MAIL_URL" : `${mailFolder} (and its links here)`),
    row("all of this", file),
    ...(certificates === undefined ? [] : [row("gRPC takes", tlsFlags(certificates))]),
    "",
    ...Object.entries(DEMO_ACCOUNTS).map(([role, { email }]) => row(role, `${email}  ${DEMO_PASSWORD}`)),
    "",
    "Try it:",
    `  curl '${urls.gateway}/v1/doctors?region=${DEMO_REGION}'`,
    "",
    "Ctrl-C stops everything.",
  ].join("\n");
}
