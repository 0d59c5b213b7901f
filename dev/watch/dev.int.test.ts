import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { Grpc } from "@medconnect/test/support/grpc.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import { COMPILE_CACHE } from "../stack/compile-cache.ts";
import { freePort } from "../stack/ports.ts";

const ROOT = join(import.meta.dirname, "../..");
const ROOMS = [
  "proto",
  "platform",
  "topology",
  "services",
  "console",
  "gateway",
  "ops",
  "deploy",
  "dev",
  "clients",
  "docs",
];
/** Maximum time for a start or a restart of all processes on a busy machine, in ms. */
const PATIENCE_MS = 110_000;

let clone: string;
let launcher: ChildProcess;
let output = "";
let pidsEver: number[] = [];
const inspectors = new Map<ProcessName, number>();

/** Copies the sources, so that the test can change them. Libraries stay where they are. */
function makeClone(): void {
  clone = mkdtempSync(join(tmpdir(), "medconnect-dev-"));
  const isSource = (path: string) => basename(path) !== "node_modules";
  for (const room of ROOMS)
    cpSync(join(ROOT, room), join(clone, room), { recursive: true, filter: isSource });
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(ROOT, file), join(clone, file));
  const link = (from: string, to: string) => symlinkSync(from, join(clone, "node_modules", to));
  mkdirSync(join(clone, "node_modules/@medconnect"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "@medconnect") link(join(ROOT, "node_modules", name), name);
  }
  for (const name of readdirSync(join(ROOT, "node_modules/@medconnect"))) {
    const workspace = relative(ROOT, realpathSync(join(ROOT, "node_modules/@medconnect", name)));
    link(join(clone, workspace), `@medconnect/${name}`);
  }
}

async function start(): Promise<void> {
  output = "";
  const env: NodeJS.ProcessEnv = { ...process.env, ...COMPILE_CACHE, LOG_FORMAT: "pretty", NO_COLOR: "1" };
  for (const name of ["MYSQL_URL", "REDIS_URL", "STACK_JSON"]) delete env[name];
  env.MEDCONNECT_ENGINES_DIR ||= join(ROOT, ".local/engines");
  env.TRACES_PORT = `${await freePort()}`;
  for (const name of PROCESSES) {
    inspectors.set(name, await freePort());
    const prefix = name.toUpperCase();
    env[`${prefix}_PORT`] = `${await freePort()}`;
    env[`${prefix}_METRICS_PORT`] = `${await freePort()}`;
    env[`${prefix}_INSPECTOR_PORT`] = `${inspectors.get(name)}`;
  }
  launcher = spawn(process.execPath, ["dev/start.ts", "--watch"], { cwd: clone, env });
  for (const stream of [launcher.stdout, launcher.stderr]) {
    stream?.on("data", (chunk) => {
      output += stripVTControlCharacters(String(chunk));
    });
  }
  await printed(/Ctrl-C stops everything/);
}

/** Waits until the launcher has printed text that matches. @returns the text since `from` */
async function printed(pattern: RegExp, from = 0): Promise<string> {
  return await eventually(
    async () => output.slice(from),
    (text) => pattern.test(text),
    PATIENCE_MS,
  );
}

function pids(): Record<string, number> {
  const found = JSON.parse(readFileSync(join(clone, ".local/data/stack.json"), "utf8")).pids;
  pidsEver = [...pidsEver, ...Object.values<number>(found)];
  return found;
}

const gatewayUrl = (): string => /gateway +(http:\S+)/.exec(output)?.[1] ?? "";

const restartedIn = (text: string) =>
  [...text.matchAll(/(\w+) restarted in [\d.]+ s/g)].map(([, name]) => name).sort();

/** Saves a file, and waits until each of the processes has restarted. @returns the names of those that did */
async function save(change: () => void, ...expected: string[]): Promise<string[]> {
  const [from, before] = [output.length, pids()];
  change();
  await eventually(
    async () => restartedIn(output.slice(from)),
    (names) => names.length >= expected.length,
    PATIENCE_MS,
  );
  const after = pids();
  return Object.keys(after).filter((name) => after[name] !== before[name]);
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function stop(): Promise<[number | null, string]> {
  const from = output.length;
  const exited = once(launcher, "exit");
  launcher.kill("SIGINT");
  const [code] = await exited;
  return [code, output.slice(from)];
}

beforeAll(async () => {
  makeClone();
  await start();
}, PATIENCE_MS);
afterAll(() => {
  launcher.kill("SIGKILL");
  for (const pid of pidsEver.filter((each) => each !== launcher.pid && isAlive(each)))
    process.kill(pid, "SIGKILL");
  rmSync(clone, { recursive: true, force: true, maxRetries: 5 });
});

test("a start has no warning, and shows no request of its own", () => {
  expect(output).toMatch(/^\[1\/4\]/);
  expect(output).not.toMatch(/WARN|ERROR|\n\d\d:\d\d:\d\d (GET|POST)/);
});

interface Document {
  paths: Record<string, { post: { tags: string[] } }>;
}

describe("a new reader", () => {
  test("is led to a first booking", async () => {
    const [, path = ""] = /browser +http:\S+\/docs\/#tag\/book\/POST(\S+): /.exec(output) ?? [];
    const document = (await (await fetch(`${gatewayUrl()}/openapi.json`)).json()) as Document;
    expect(document.paths[path]?.post.tags).toEqual(["Book"]);
    const readme = readFileSync(join(ROOT, "README.md"), "utf8").split("\n");
    const headings = [...output.matchAll(/README\.md, "(.*)"/g)].map(([, heading]) => `## ${heading}`);
    expect([headings.length, headings.filter((heading) => !readme.includes(heading))]).toEqual([2, []]);
  });

  test("can sign in to each demo account at /docs", async () => {
    const page = await (await fetch(`${gatewayUrl()}/docs/`)).text();
    for (const [, email] of output.matchAll(/^ {2}(?:admin|doctor|patient) +(\S+)/gm))
      expect(page).toContain(`<option>${email}</option>`);
    expect(page.match(/<option>/g)).toHaveLength(3);
  });

  test("can list the RPCs of each service by reflection", async () => {
    const addresses = [...output.matchAll(/^ {2}\w+ +(\S+) \(gRPC\)$/gm)].map(([, address = ""]) => address);
    expect(addresses).toHaveLength(4);
    for (const address of addresses) {
      const grpc = new Grpc(address);
      expect((await grpc.listServices()).answer).toContain("medconnect.audit.v1.AuditService");
      grpc.close();
    }
  });
});

test("a request is one line, and an error leads to its trace", async () => {
  const from = output.length;
  await fetch(`${gatewayUrl()}/v1/nothing%1b?secret=1`);
  await fetch(`${gatewayUrl()}/v1/doctors?query=secret`);
  const lines = await printed(/nothing.*\n.*doctors.*\n/, from);
  const traces = /traces +(http:\S+)/.exec(output)?.[1] ?? "";
  expect(lines).toMatch(
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d GET /v1/nothing%1b 404 \\d+ ms ${traces}/[0-9a-f]{8}$`, "m"),
  );
  expect(lines).toMatch(/^\d\d:\d\d:\d\d GET \/v1\/doctors 200 \d+ ms [0-9a-f]{8}$/m);
});

test("a change of a service restarts this service only", async () => {
  const change = () => appendFileSync(join(clone, "services/auth/src/main.ts"), '\nprocess.emit("saved");\n');
  expect(await save(change, "auth")).toEqual(["auth"]);
});

test("a change of platform restarts all processes", async () => {
  const change = () => appendFileSync(join(clone, "platform/telemetry/log.ts"), '\nprocess.emit("saved");\n');
  expect((await save(change, ...PROCESSES)).sort()).toEqual([...PROCESSES].sort());
});

test("a change of the contract generates code, and restarts all processes", async () => {
  const file = join(clone, "proto/medconnect/options/v1/reason.proto");
  const change = () =>
    writeFileSync(file, readFileSync(file, "utf8").replace('title: "Something failed', 'title: "It failed'));
  expect((await save(change, ...PROCESSES)).sort()).toEqual([...PROCESSES].sort());
});

test("a change of the console bundles it, and restarts the gateway", async () => {
  const file = join(clone, "console/src/session/sign-in-page.tsx");
  const change = () =>
    writeFileSync(file, readFileSync(file, "utf8").replace('title="Sign in"', 'title="Come in"'));
  expect(await save(change, "gateway")).toEqual(["gateway"]);
  const page = await (await fetch(`${gatewayUrl()}/console`)).text();
  const [, script = ""] = /src="([^"]+\.js)"/.exec(page) ?? [];
  expect(await (await fetch(gatewayUrl() + script)).text()).toContain("Come in");
});

test("a change that changes no code is told, and restarts nothing", async () => {
  const [before, from] = [pids(), output.length];
  appendFileSync(join(clone, "gateway/main.ts"), "\n// A comment\n");
  appendFileSync(join(clone, "platform/telemetry/log.ts"), "\n// A comment\n");
  const text = await printed(/unchanged.*\n/, from);
  expect(text).toMatch(/^\S+ all processes unchanged: \S+ and 1 more$/m);
  expect(pids()).toEqual(before);
});

test("a syntax error is shown once, the process stays, and its end is told", async () => {
  const file = join(clone, "gateway/main.ts");
  const [good, before, from] = [readFileSync(file, "utf8"), pids(), output.length];
  writeFileSync(file, `${good}\nconst broken = ;\n`);
  await printed(/Unexpected ";"/, from);
  writeFileSync(file, `${good}\nconst broken = ;\n\n`);
  writeFileSync(file, `${good}\n`);
  const text = await printed(/unchanged.*\n/, from);
  expect(text).toMatch(/ The build succeeds again\.\n\S+ gateway unchanged: gateway\/main\.ts\n/);
  expect(text.match(/Unexpected ";"/g)).toHaveLength(1);
  expect(pids()).toEqual(before);
  expect(await save(() => writeFileSync(file, `${good}\nprocess.emit("mended");\n`), "gateway")).toEqual([
    "gateway",
  ]);
});

describe("a process that crashes", () => {
  const main = () => join(clone, "services/billing/src/main.ts");
  let good: string;
  beforeAll(() => {
    good = readFileSync(main(), "utf8");
  });

  /** Saves billing's main file, and waits until the process has ended. @returns what was printed */
  async function crash(code: string): Promise<string> {
    const from = output.length;
    writeFileSync(main(), code);
    return await printed(/billing ended.*\n/, from);
  }

  /** Pattern of the lines that begin with the time. */
  const lines = (...texts: string[]) => new RegExp(`^${texts.map((text) => `${text}\n`).join("")}$`);
  const LOG = "\\.local/data/logs/billing\\.log";
  const frame = (place: string) => ` +at .*${place}:\\d+:\\d+\\)?`;
  const OWN_FRAME = frame("services/billing/src/main\\.ts");
  const ENDED_AT_START = `\\S+ billing ended with exit code 1 during its start \\(${LOG}\\)\\. It starts again at the next change\\.`;

  test("at the load of its code shows the error with its place in the source, once", async () => {
    const text = await crash(`${good}\nthrow new Error("boom");\n`);
    expect(text).toMatch(lines(`\\S+ billing: Error: boom ${LOG}:\\d+`, OWN_FRAME, ENDED_AT_START));
  });

  test("during its start shows the same", async () => {
    const text = await crash(
      good.replace(/^startProcess\(.*\{$/m, (line) => `${line}\n  throw new Error("boom");`),
    );
    const message = `\\S+ billing: billing cannot start: boom ${LOG}:\\d+`;
    expect(text).toMatch(new RegExp(`^${message}\n${OWN_FRAME}\n( +at .*\n)*${ENDED_AT_START}\n$`));
  });

  /** A request that needs billing. */
  async function callBilling(): Promise<number> {
    const url = `${gatewayUrl()}/v1/webhooks/payments/stub`;
    return (await fetch(url, { method: "POST", body: "{}" })).status;
  }

  test("in a library names a short line of the libraries", async () => {
    const start = output.length;
    expect(await callBilling()).toBe(503);
    const onSignal = 'process.once("SIGUSR2", () => parse("no id"));';
    const code = `import { parse } from "uuid";\n${good}\n${onSignal}\n`;
    expect(await save(() => writeFileSync(main(), code), "billing")).toEqual(["billing"]);
    // The view no longer takes billing for a process that starts.
    await printed(/lost .*billing.*\n/, start);
    const from = output.length;
    process.kill(pids().billing!, "SIGUSR2");
    const text = await printed(/billing ended.*\n/, from);
    expect(text).toMatch(
      lines(
        `\\S+ billing: TypeError: Invalid UUID ${LOG}:\\d+`,
        frame("\\.local/dev/libraries\\.cjs"),
        OWN_FRAME,
        "\\S+ billing ended with exit code 1\\. It starts again at the next change\\.",
      ),
    );
    expect(Number(/libraries\.cjs:(\d+)/.exec(text)?.[1])).toBeGreaterThan(100);
  });

  test("starts again at the next save, and the others' warnings are counted", async () => {
    const from = output.length;
    expect(await callBilling()).toBe(503);
    expect(await save(() => writeFileSync(main(), good), "billing")).toEqual(["billing"]);
    const text = await printed(/lost .*billing.*\n/, from);
    expect(text).toMatch(/ … \d+ warnings? of processes that lost .*billing, in the log files\n/);
    expect(text).not.toContain("WARN");
  });
});

test("each process keeps the compiled code of its libraries for its next start", async () => {
  const caches = () => PROCESSES.filter((name) => existsSync(join(clone, `.local/dev/${name}.cjs.cache`)));
  expect(
    await eventually(
      async () => caches(),
      ({ length }) => length === PROCESSES.length,
    ),
  ).toEqual([...PROCESSES]);
});

test("debuggers attach to each process, on loopback", async () => {
  for (const port of inspectors.values()) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
  }
});

test("Ctrl-C is quiet, and leaves no process", async () => {
  const all = Object.values(pids());
  expect(await stop()).toEqual([0, "\nStopping …\n\nStopped.\n"]);
  expect(all.filter(isAlive)).toEqual([]);
});

test(
  "a second start has no warning",
  async () => {
    await start();
    expect(output).not.toMatch(/WARN|ERROR/);
    const all = Object.values(pids());
    await stop();
    expect(all.filter(isAlive)).toEqual([]);
  },
  PATIENCE_MS,
);
