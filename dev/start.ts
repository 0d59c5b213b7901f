// `npm start`: starts the whole system on this machine.
import { clientFolder, filesIn } from "@medconnect/ops/certificates/certificate-folder.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { Server } from "./engines/server.ts";
import { clockTime } from "./logs/log-lines.ts";
import { type LogFormat, logFormatOf, logView } from "./logs/log-view.ts";
import { resetDataFolder } from "./stack/data-folder.ts";
import { watchMails } from "./stack/mail-folder.ts";
import {
  configuredPorts,
  configuredTracesPort,
  type InspectorPorts,
  inspectorPorts,
  refuseBusyPorts,
  tracesUrlAt,
} from "./stack/ports.ts";
import { BUNDLES } from "./stack/programs.ts";
import { DEMO_ACCOUNTS, DEMO_PASSWORD, DEMO_SETTINGS, seed } from "./stack/seed.ts";
import { LOCAL_CLIENT, STACK_STEPS, type Stack, startStack } from "./stack/stack.ts";
import { usage } from "./start.usage.mjs";
import { terminalProgress } from "./terminal/progress.ts";
import { aborted, stopSignal } from "./terminal/stop-signal.ts";
import { LiveProgram } from "./watch/live-program.ts";
import { Reload } from "./watch/reload.ts";

runCommand({
  ...usage,
  run: async (flags) => {
    const stopping = stopSignal(() => {
      say("Killed.");
      Server.killAll();
      process.exit(1);
    });
    const env = flags.port === undefined ? process.env : { ...process.env, GATEWAY_PORT: flags.port };
    const offset = Number(flags["port-offset"]);
    const ports = configuredPorts(env, offset);
    const inspectors = flags.watch ? inspectorPorts(env, offset) : undefined;
    // Checks the ports before `--reset` deletes the data. So a busy port cannot cause a loss of data.
    const tracesPort = env.OTEL_EXPORTER_OTLP_ENDPOINT ? undefined : configuredTracesPort(env, offset);
    await refuseBusyPorts(ports, { inspectors, traces: tracesPort });
    if (flags.reset) resetDataFolder(flags["data-dir"]);

    const live = inspectors && new LiveProgram(inspectors);
    const format = logFormatOf(process.env.LOG_FORMAT, process.stdout.isTTY);
    const view = logView(format, (line) => process.stdout.write(`${line}\n`), tracesUrlAt(tracesPort));
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
        sandboxClock: true,
        tracesPort,
        program: live ?? BUNDLES,
        env: { GRPC_REFLECTION: process.env.GRPC_REFLECTION ?? "true" },
        envOf: { gateway: { ...gatewaySettings, ...(live && QUICK_DRAIN) } },
        onLine: (name, line, place) => view.show(name, line, place),
        progress,
        signal: stopping,
        onDied: (name, how) => {
          if (!live || !isProcess(name)) return death.resolve(`${name} ended ${how}.`);
          view.lost(name);
          tell(`${name} ended ${how}. It starts again at the next change.`);
        },
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
    if (!stopping.aborted) say(welcome(stack, format, inspectors));
    view.open();
    const stopWatching = watchMails(stack.mailFolder, ({ to, subject, link }) =>
      process.stdout.write(`mail to ${to}: ${[subject, link].filter(Boolean).join(" ")}\n`),
    );

    const reload =
      live && new Reload({ processes: stack.processes, program: live, view, tell, signal: stopping });

    const died = await Promise.race([death.promise, aborted(stopping)]);
    stopWatching();
    view.close();
    say(died ? `${died} Stopping everything.` : "Stopping …");
    await reload?.stop();
    await stack.stop();
    await live?.close();
    say("Stopped.");
    return died ? 1 : 0;
  },
});

/** Settings of a gateway that only this machine reaches. Each can be set otherwise. */
const gatewaySettings = {
  CORS_ORIGINS: process.env.CORS_ORIGINS ?? "loopback",
  ALLOWED_HOSTS: process.env.ALLOWED_HOSTS ?? "loopback",
  LOG_PATHS: process.env.LOG_PATHS ?? "true",
  ...DEMO_SETTINGS,
};

/** Lets the gateway end at once: no load balancer has to notice. */
const QUICK_DRAIN = { DRAIN_DELAY: "0ms" };

const isProcess = (name: string): boolean => PROCESSES.some((process) => process === name);

function tell(line: string): void {
  process.stdout.write(`${clockTime(new Date())} ${line}\n`);
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** Arguments with which `buf curl` authenticates to the services. */
function tlsFlags(certificates: string): string {
  const { ca, cert, key } = filesIn(clientFolder(certificates, LOCAL_CLIENT));
  return `--cacert ${ca} --cert ${cert} --key ${key}`;
}

function tracesWay(url: string | undefined, format: LogFormat): string {
  if (url === undefined) return "sent to OTEL_EXPORTER_OTLP_ENDPOINT";
  return format === "pretty"
    ? `${url} (errors link there; or npm run trace -- ID, at the end of a request's line)`
    : url;
}

const LOOPBACK_PAGES = "localhost, 127.0.0.1 and [::1], at any port,";

function welcome(stack: Stack, format: LogFormat, inspectors: InspectorPorts | undefined): string {
  const { urls, addresses, certificates, sandboxClock, ports, mailFolder, file, logFolder } = stack;
  const aheadMs = sandboxClock === undefined ? 0 : readAdvances(sandboxClock);
  const businessTime = new Date(Date.now() + aheadMs).toISOString();
  const row = (name: string, value: string) => `  ${name.padEnd(12)}${value}`;
  return [
    "MedConnect is ready.",
    "",
    row("gateway", urls.gateway),
    row("API docs", `${urls.gateway}/docs`),
    row("console", `${urls.gateway}/console`),
    ...Object.entries(addresses).map(([name, address]) => row(name, `${address} (gRPC)`)),
    ...PROCESSES.map((name) =>
      row("metrics", `http://127.0.0.1:${ports[name].metricsPort}/metrics (${name})`),
    ),
    row("traces", tracesWay(urls.traces, format)),
    row(
      "browsers",
      `pages of ${gatewaySettings.CORS_ORIGINS.replace("loopback", LOOPBACK_PAGES) || "no other origin"} may call the API (CORS_ORIGINS)`,
    ),
    row("mail", process.env.MAIL_URL ? "sent through MAIL_URL" : `${mailFolder} (links are shown here)`),
    row(
      "logs",
      format === "pretty" ? `${logFolder} (JSON; grep one by the ID at the end of a line)` : logFolder,
    ),
    row("as JSON", file),
    ...(aheadMs > 0 ? [row("clock", `${businessTime} by business time (npm run clock)`)] : []),
    ...(inspectors
      ? [
          row(
            "debuggers",
            Object.entries(inspectors)
              .map(([name, port]) => `${name} ${port}`)
              .join(", "),
          ),
        ]
      : []),
    ...(certificates === undefined ? [] : [row("buf curl", tlsFlags(certificates))]),
    "",
    ...Object.entries(DEMO_ACCOUNTS).map(([role, { email }]) => row(role, `${email}  ${DEMO_PASSWORD}`)),
    "",
    "Book an appointment:",
    row("browser", `${urls.gateway}/docs/#tag/book/POST/v1/bookings: sign in as patient, Test Request, Send`),
    row("curl", 'README.md, "A booking by curl"'),
    row("medconnect", 'README.md, "The same in the terminal, and in TypeScript"'),
    "",
    "Ctrl-C stops everything.",
  ].join("\n");
}
