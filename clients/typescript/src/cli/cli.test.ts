import { execFileSync, spawn } from "node:child_process";
import { chmod, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openApiDocument } from "@medconnect/gateway/openapi/document.ts";
import { contractRoutes } from "@medconnect/gateway/testing/routes.ts";
import { type ApiServer, refuse, sendJson, startApiServer } from "../testing/api-server.ts";
import { CommandLine, MAIN } from "../testing/command-line.ts";
import { commands } from "./commands.ts";
import { GLOBAL_OPTIONS } from "./parse-arguments.ts";

const ME = { id: "u1", email: "pat@example.org", fullName: "Pat Patient", role: "PATIENT" };

let cli: CommandLine;
let server: ApiServer;
let home: string;

beforeEach(async () => {
  cli = await CommandLine.open();
  ({ server, home } = cli);
  server.answer = (_request, response) => sendJson(response, 200, ME);
});
afterEach(() => cli.close());

const medconnect: CommandLine["run"] = (...command) => cli.run(...command);

test("a command of an RPC takes arguments, flags, lists and JSON", async () => {
  const args = [
    "--bio",
    "Hearts.",
    "--languages",
    "en",
    "--languages",
    "es",
    "--fee",
    '{"amountMinor":"5000"}',
  ];
  await medconnect(["update-doctor", "d1", ...args, "--etag", "7"]);
  expect(server.received[0]).toMatchObject({ call: "PATCH /v1/doctors/d1" });
  expect(JSON.parse(server.received[0]!.body)).toEqual({
    bio: "Hearts.",
    languages: ["en", "es"],
    fee: { amountMinor: "5000" },
    etag: "7",
  });
});

test("a request comes from a file or standard input, and flags replace its fields", async () => {
  const request = JSON.stringify({ slotId: "s1", reason: "A cough" });
  await writeFile(join(home, "request.json"), request);
  await medconnect(["create-booking", "--input", join(home, "request.json"), "--idempotency-key", "k1"]);
  await medconnect(["createBooking", "--input", "-", "--reason", "A cold"], { input: request });
  expect(server.received[0]).toMatchObject({ headers: { "idempotency-key": "k1" }, body: request });
  expect(JSON.parse(server.received[1]!.body)).toEqual({ slotId: "s1", reason: "A cold" });
});

test("a password is never an argument", async () => {
  const args = ["register", "--email", "a@example.org", "--full-name", "A", "--role", "PATIENT"];
  const refused = await medconnect([...args, "--password", "correct horse"]);
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--password would show the value"),
  });
  await medconnect(args, { input: "correct horse\n" });
  expect(server.received).toHaveLength(1);
  expect(JSON.parse(server.received[0]!.body)).toMatchObject({ password: "correct horse" });
});

const bookingPages: ApiServer["answer"] = ({ call }, response) =>
  sendJson(response, 200, {
    bookings: call.includes("pageToken")
      ? [{ id: "b2", status: "CONFIRMED" }]
      : [{ id: "b1", status: "EXPIRED", reason: "\u001b[31mred", fee: { amountMinor: "50" } }],
    nextPageToken: call.includes("pageToken") ? "" : "2",
  });

test.each([
  ["table", "status  fee.amountMinor reason id\nEXPIRED 50 \\u001b[31mred b1\n"],
  ["ndjson", '{"id":"b1","status":"EXPIRED","reason":"\\u001b[31mred","fee":{"amountMinor":"50"}}\n'],
])(
  "a list as %s has no character that the terminal obeys, and names the next page",
  async (output, expected) => {
    server.answer = bookingPages;
    const { stdout, stderr } = await medconnect(["list-bookings", "--output", output]);
    expect(stdout.replaceAll(/ +/g, " ")).toBe(expected.replaceAll(/ +/g, " "));
    expect(stderr).toBe("More: add --all, or --page-token 2\n");
  },
);

test("a table shows the status, the time and the names of each item, and its id last", async () => {
  const [id, other] = ["01a22ee6-d57a-70ff-a040-77e2faf7cf90", "01a22ee6-d89a-7533-8fca-f93777c1e616"];
  const booking = {
    id,
    slotId: other,
    doctorId: other,
    doctorName: "Dana Doctor",
    patientName: "Pat Patient",
    status: "CONFIRMED",
    startTime: "2026-12-02T09:00:00Z",
    endTime: "2026-12-02T09:30:00Z",
    cancelReason: "",
  };
  server.answer = (_request, response) => sendJson(response, 200, { bookings: [booking] });
  const tableOf = async (COLUMNS: string) =>
    (await medconnect(["list-bookings", "--output", "table"], { env: { COLUMNS } })).stdout;
  expect(await tableOf("100")).toBe(
    [
      "status     startTime             doctorName   patientName  id",
      `CONFIRMED  2026-12-02T09:00:00Z  Dana Doctor  Pat Patient  ${id}\n`,
    ].join("\n"),
  );
  expect(await tableOf("20")).toBe(`status     id\nCONFIRMED  ${id}\n`);
});

test("an answer has a table for each list of messages", async () => {
  const activity = [
    { date: "2026-12-02", bookings: "3" },
    { date: "2026-12-01", bookings: "12" },
  ];
  server.answer = (_request, response) =>
    sendJson(response, 200, { usersByRole: { PATIENT: "5" }, activity, unavailable: [] });
  expect((await medconnect(["get-stats", "--output", "table"])).stdout).toBe(
    [
      "usersByRole.PATIENT  5",
      "unavailable          ",
      "",
      "activity:",
      "date        bookings",
      "2026-12-02  3",
      "2026-12-01  12\n",
    ].join("\n"),
  );
});

test("--all reads all pages", async () => {
  server.answer = bookingPages;
  const { stdout, stderr } = await medconnect(["list-bookings", "--output", "ndjson", "--all"]);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
  ).toEqual(["b1", "b2"]);
  expect(stderr).toBe("");
});

test("an export is written line by line", async () => {
  server.answer = (_request, response) =>
    response.writeHead(200).end('{"id":"e1"}\n{"id":"e2"}\n{"nextPageToken":""}\n');
  expect((await medconnect(["export-audit-events"])).stdout).toBe('{"id":"e1"}\n{"id":"e2"}\n');
});

test("an error of the API is its reason, the fields as flags, and the next step", async () => {
  server.answer = (_request, response) =>
    refuse(response, 400, {
      reason: "INVALID_REQUEST",
      code: "INVALID_ARGUMENT",
      detail: "Two fields are wrong.",
      errors: [
        { field: "slotId", description: "must be a UUID" },
        { field: "Idempotency-Key", description: "is long" },
      ],
    });
  expect(await medconnect(["create-booking", "--slot-id", "x"])).toEqual({
    code: 1,
    stdout: "",
    stderr: [
      "INVALID_REQUEST",
      "  --slot-id must be a UUID",
      "  --idempotency-key is long",
      `More: ${server.url}/docs/errors#INVALID_REQUEST  Request id: r1\n`,
    ].join("\n"),
  });
  const traceUrl = "http://127.0.0.1:9469/8443";
  server.answer = (_request, response) =>
    refuse(response, 409, { reason: "SLOT_UNAVAILABLE", code: "ABORTED", traceUrl });
  const { stderr } = await medconnect(["create-booking", "--slot-id", "x"]);
  expect(stderr.trimEnd().split("\n").at(-1)).toBe(`Trace: ${traceUrl}`);
  server.answer = (_request, response) =>
    refuse(response, 401, { reason: "UNAUTHENTICATED", code: "UNAUTHENTICATED" });
  expect((await medconnect(["whoami"])).stderr).toContain("Sign in: medconnect login\n");
});

test("an unreachable server is exit code 1, and says how to start one", async () => {
  const gone = await startApiServer();
  await gone.close();
  const { code, stderr } = await medconnect(["get-jwks", "--server", gone.url]);
  expect(code).toBe(1);
  expect(stderr).toContain(`No answer from ${gone.url}`);
  expect(stderr).toContain("npm start");
});

test.each([
  [["creat-booking"], 'No command "creat-booking"; did you mean create-booking?'],
  [["lgoin"], 'No command "lgoin"; did you mean login?'],
  [["book"], 'No command "book".\nSee medconnect --help.'],
  [["--versoin"], "Unknown option '--versoin'; did you mean --version?\nSee medconnect --help."],
  [["--server", "http://localhost"], "COMMAND is missing.\nSee medconnect --help."],
  [["get-booking"], "BOOKING_ID is missing."],
  [["get-booking", "b1", "b2"], '"b2" is one argument too many.'],
  [["create-booking"], "--slot-id is missing."],
  [["create-booking", "--nonsense"], "Unknown option '--nonsense'."],
  [["list-bookings", "--status", "LOST"], "--status must be one of PENDING_PAYMENT,"],
  [["list-bookings", "--page-size", "many"], '--page-size must be a number, not "many".'],
  [["update-doctor", "d1", "--fee", "5"], undefined],
  [["update-doctor", "d1", "--fee", "five"], '--fee must be JSON, not "five".'],
  [["list-bookings", "--output", "xml"], '--output must be one of table, json, ndjson, not "xml".'],
  [
    ["list-bookings", "--server", "localhost"],
    '--server must be a URL such as http://localhost:8080, not "localhost".',
  ],
  [["list-bookings", "--page-size", "-1"], "Write a value that begins with a dash as --page-size=-VALUE."],
  [["create-booking", "--input", "/nowhere"], "--input cannot be read"],
  [["login", "a@example.org"], "Standard input has no line for"],
  [["create-booking", "--slot", "s1"], "Unknown option '--slot'; did you mean --slot-id?"],
  [["create-booking", "--slotId", "s1"], "Unknown option '--slotId'; did you mean --slot-id?"],
  [["list-bookings", "--ouput", "json"], "Unknown option '--ouput'; did you mean --output?"],
  [["get-booking", "--booking-id", "b1"], "Write BOOKING_ID without --booking-id."],
  [["clock", "back", "1h"], 'ACTION must be one of show, advance, not "back".'],
  [["clock", "advance"], "DURATION is missing."],
  [["clock", "show", "1h"], '"1h" is one argument too many.'],
])("%j is a usage error", async (args, message) => {
  const { code, stderr } = await medconnect(args);
  if (message === undefined) return expect(code).toBe(0);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/See medconnect [a-z -]*--help\.\n$/);
});

test.each([
  ["[]", "--input must be one object of JSON."],
  ['{"slotId": hunter2}', "--input is no JSON: see line 1, column 12."],
  ['{"slot_id":"s1"}', '--input has an unknown field "slot_id"; did you mean slotId?'],
  ['{"doctor":"d1"}', '--input has an unknown field "doctor"; it takes slotId, reason, patientRegion.'],
])("--input with %s is a usage error, and nothing is sent", async (input, message) => {
  const { code, stderr } = await medconnect(["create-booking", "--input", "-"], { input });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  expect(stderr).not.toContain("hunter2");
  expect(server.received).toEqual([]);
});

test("Ctrl-C ends a call with 130, and prints nothing", async () => {
  const arrived = Promise.withResolvers<void>();
  server.answer = () => arrived.resolve();
  const { child, ended } = cli.start(["get-jwks"]);
  await arrived.promise;
  child.kill("SIGINT");
  expect(await ended).toEqual({ code: 130, stdout: "", stderr: "" });
});

test("a reader that stops early ends the command without an error", async () => {
  server.answer = (_request, response) => {
    // Writes lines until the command ends.
    const write = () => {
      while (response.write(`${JSON.stringify({ id: "e".repeat(1000) })}\n`));
      response.once("drain", write);
    };
    response.writeHead(200);
    write();
  };
  const script = `"${process.execPath}" "${MAIN}" export-audit-events | head -c 10; echo " \${PIPESTATUS[0]}"`;
  const shell = spawn("bash", ["-c", script], { env: { HOME: home, MEDCONNECT_SERVER: server.url } });
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect({ stdout, stderr }).toEqual({ stdout: '{"id":"eee 0\n', stderr: "" });
});

test("the help lists every command; that of a command its arguments, flags and questions", async () => {
  const all = await medconnect([]);
  expect(commands.filter(({ name }) => !all.stdout.includes(`  ${name} `))).toEqual([]);
  const { stdout } = await medconnect(["register", "--help"]);
  expect(stdout).toContain("Usage: medconnect register --email TEXT --full-name TEXT --role PATIENT|DOCTOR");
  expect(stdout).toContain("Asked for, or lines of standard input:\n  password");
  expect((await medconnect(["help", "register"])).stdout).toBe(stdout);
  expect((await medconnect(["--help", "register"])).stdout).toBe(stdout);
  expect((await medconnect(["help"])).stdout).toBe(all.stdout);
});

test("the help lists the tasks in the order of the API's documents, and what is for this machine last", async () => {
  const { tags } = openApiDocument(contractRoutes, server.url) as { tags: { name: string }[] };
  const headings = [...(await medconnect([])).stdout.matchAll(/^(\w.*):$/gm)].map(([, heading]) => heading);
  const tasks = headings.slice(0, headings.indexOf("This machine"));
  expect(tasks).toEqual(tags.map(({ name }) => name));
});

test("the command of the repository uses its own Node, and not an older one of the system", async () => {
  const older = join(home, "node");
  await writeFile(older, "#!/bin/sh\necho older Node\n", { mode: 0o755 });
  const link = join(home, "medconnect");
  await symlink(join(import.meta.dirname, "../../bin/medconnect"), link);
  const env = { HOME: home, PATH: `${home}${delimiter}/usr/bin${delimiter}/bin` };
  expect(execFileSync(link, ["help", "whoami"], { env, encoding: "utf8" })).toContain(
    "Usage: medconnect whoami",
  );
});

test("--version prints the version of the package", async () => {
  const manifest = await readFile(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = JSON.parse(manifest);
  expect(await medconnect(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe("clock", () => {
  const clockAt = async (url: string, stack?: object, mode = 0o600) => {
    const STACK_JSON = join(home, "stack.json");
    if (stack) await writeFile(STACK_JSON, JSON.stringify(stack), { mode: 0o600 });
    if (stack) await chmod(STACK_JSON, mode);
    const { code, stderr } = await medconnect(["clock", "show", "--server", url], { env: { STACK_JSON } });
    return { code, stderr: stderr.replaceAll(home, "~") };
  };
  const refusal = (message: string) => ({ code: 2, stderr: `${message}\nSee medconnect clock --help.\n` });
  const LOCAL = { urls: { gateway: "http://127.0.0.1:8080" } };

  test.each<[string, string, object | undefined, string]>([
    [
      "is on another machine",
      "https://api.example.org",
      LOCAL,
      "https://api.example.org is not on this machine. Only the system that npm start runs has a clock.",
    ],
    [
      "was not started by npm start",
      "http://localhost:8080",
      undefined,
      "No local system was found: ~/stack.json is missing. Start one with npm start, or set STACK_JSON to the file that it prints.",
    ],
    [
      "is another one on this machine",
      "http://localhost:9090",
      LOCAL,
      "http://localhost:9090 is not the system of ~/stack.json, which is at http://127.0.0.1:8080. Choose that with --server, or another file with STACK_JSON.",
    ],
    [
      "has no sandbox clock",
      "http://localhost:8080",
      LOCAL,
      "http://localhost:8080 has no sandbox clock. Start it with npm start.",
    ],
  ])("refuses a server that %s", async (_title, url, stack, message) => {
    expect(await clockAt(url, stack)).toEqual(refusal(message));
  });

  test("runs no program that other users can name", async () => {
    const stack = { ...LOCAL, clockCommand: ["touch", join(home, "touched")] };
    const refused = refusal("~/stack.json is refused, because other users can write it.");
    expect(await clockAt("http://localhost:8080", stack, 0o666)).toEqual(refused);
    expect(await readdir(home)).not.toContain("touched");
  });
});

test("open passes the documentation to the browser; --print only prints its address", async () => {
  const opened = join(home, "opened");
  execFileSync("mkfifo", [opened]);
  for (const opener of ["xdg-open", "open"]) {
    await writeFile(join(home, opener), `#!/bin/sh\necho "$1" > ${opened}\n`, { mode: 0o755 });
  }
  const withBrowser = { env: { PATH: `${home}${delimiter}${process.env.PATH}` } };
  const prints = (path: string) => ({ code: 0, stdout: `${server.url}${path}\n`, stderr: "" });
  expect(await medconnect(["open", "errors", "--print"], withBrowser)).toEqual(prints("/docs/errors"));
  // The browser waits for a reader of the pipe, so the test would also read the address from above.
  const reading = readFile(opened, "utf8");
  expect(await medconnect(["open", "docs"], withBrowser)).toEqual(prints("/docs"));
  expect(await reading).toBe(`${server.url}/docs\n`);
  const withoutBrowser = { env: { PATH: join(home, "nothing") } };
  expect(await medconnect(["open", "errors"], withoutBrowser)).toEqual(prints("/docs/errors"));
});

test("no flag of a command is one of all commands", () => {
  const taken = commands.flatMap(({ name, fields }) =>
    fields.filter(({ flag }) => flag in GLOBAL_OPTIONS).map(({ flag }) => `${name} --${flag}`),
  );
  expect(taken).toEqual([]);
});

test.each([
  ["create-bo", "create-booking"],
  ["--server http://localhost create-bo", "create-booking"],
  ["create-booking --re", "--reason"],
  ["list-bookings --status C", "CANCELLED COMPLETED CONFIRMED"],
  ["list-bookings --output nd", "ndjson"],
  ["open d", "docs"],
])("bash completes %s", async (line, expected) => {
  const bin = join(home, "medconnect");
  await writeFile(bin, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(bin, 0o755);
  const words = ["medconnect", ...line.split(" ")];
  const script = `eval "$(medconnect completion bash)"
COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _medconnect; printf '%s\\n' "\${COMPREPLY[@]}" | sort | xargs`;
  const shell = spawn("bash", ["-c", script], {
    env: { PATH: `${home}${delimiter}${process.env.PATH}`, HOME: home },
  });
  expect((await text(shell.stdout)).trim()).toBe(expected);
});
