// `npm run test:compose`: builds, starts, tests and deletes the Docker Compose stack. The stack has a name,
// secrets and ports that only this run uses. The test needs Docker and some minutes, so `npm test` does not
// run it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { Grpc } from "./support/grpc.ts";

const ROOT = join(import.meta.dirname, "..");
const PROCESSES = ["gateway", "auth", "scheduling", "clinical", "billing"];
const SERVICES = PROCESSES.slice(1);
const MAKE_CERTIFICATES = ["medconnect-ops", "certs", "--dir", "/certs"];
const PASSWORD = "a passphrase of some length";
const folder = mkdtempSync(join(tmpdir(), "medconnect-compose-"));
const settings = join(folder, "env");

/** Environment of Docker Compose. With port 0, Docker chooses a free port. */
const env = {
  ...process.env,
  COMPOSE_PROJECT_NAME: "medconnect-test",
  JAEGER_PORT: "0",
  MAILPIT_PORT: "0",
  ...Object.fromEntries(PROCESSES.map((name) => [`${name.toUpperCase()}_PORT`, "0"])),
};

const docker = (...args: string[]) =>
  execFileSync("docker", args, { cwd: ROOT, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const compose = (...args: string[]) => docker("compose", "--env-file", settings, ...args);
const containers = (...flags: string[]) =>
  compose("ps", "--quiet", ...flags)
    .trim()
    .split("\n");

async function send(method: string, path: string, options: { body?: object; token?: string } = {}) {
  const address = compose("port", "gateway", "8080").trim();
  const response = await fetch(`http://${address}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
      ...(options.token && { authorization: `Bearer ${options.token}` }),
    },
    ...(options.body && { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}

before(() => {
  execFileSync(process.execPath, [join(ROOT, "deploy/docker/make-env.mjs"), settings]);
  compose("up", "--build", "--wait", "--quiet-pull");
});

after(() => {
  compose("down", "--volumes");
  rmSync(folder, { recursive: true });
});

test("without secrets, Compose names the command that makes them", () => {
  const { status, stderr } = spawnSync("docker", ["compose", "--env-file", "/dev/null", "up", "--detach"], {
    cwd: ROOT,
    env,
    encoding: "utf8",
  });
  assert.notEqual(status, 0);
  assert.match(stderr, /run "npm run compose:env" first/);
});

test("the gateway is ready and serves its OpenAPI document", async () => {
  assert.equal((await send("GET", "/readyz")).status, 200);
  assert.match((await send("GET", "/openapi.json")).json().openapi, /^3\.1/);
});

/** Waits for the only mail to this address. @returns the token in the mail's link */
async function mailedToken(email: string): Promise<string> {
  const mailpit = `http://${compose("port", "mailpit", "8025").trim()}/api/v1`;
  for (let tries = 0; tries < 50; tries++) {
    const found = await fetch(`${mailpit}/search?query=${encodeURIComponent(`to:${email}`)}`);
    const { messages } = (await found.json()) as { messages: { ID: string }[] };
    if (messages[0]) {
      const mail = await fetch(`${mailpit}/message/${messages[0].ID}`);
      return ((await mail.json()) as { Text: string }).Text.match(/#token=(\S+)/)![1]!;
    }
    await delay(200);
  }
  throw new Error(`No mail to ${email}.`);
}

test("a patient registers, opens the mailed link, signs in and reads their account", async () => {
  const account = { email: "pat@example.org", password: PASSWORD };
  const body = { ...account, fullName: "Pat Ient", role: "PATIENT" };
  assert.equal((await send("POST", "/v1/auth/register", { body })).status, 202);
  assert.equal((await send("POST", "/v1/auth/login", { body: account })).status, 401);
  const token = await mailedToken(account.email);
  const verification = { token, password: account.password };
  assert.equal((await send("POST", "/v1/auth/email:verify", { body: verification })).status, 204);
  const signedIn = await send("POST", "/v1/auth/login", { body: account });
  assert.equal(signedIn.status, 200);
  const me = await send("GET", "/v1/users/me", { token: signedIn.json().tokens.accessToken });
  assert.equal(me.json().email, account.email);
});

describe("operators' commands", () => {
  const exec = (service: string, ...command: string[]) =>
    compose("exec", "-T", "-e", `ADMIN_PASSWORD=${PASSWORD}`, service, "medconnect-ops", ...command);

  for (const [command, says] of [
    ["admin:create --email ada@example.org --full-name Ada", /is an admin now/],
    ["outbox list", /^billing: nothing waits$/m],
    ["mails list", /^0 of 0, 0 refused$/m],
    ["keys list", /signs/],
    ["rekey --check", /^No value is under an older key\.$/m],
    ["ledger:check", /checks, 0 violations/],
    ["reconcile", /bookings compared, 0 disagreements/],
    ["audit:verify", /^auth: .* 0 findings/m],
  ] as const)
    test(`${command} works on all services`, () => {
      assert.match(exec("operator", ...command.split(" ")), says);
    });

  for (const service of SERVICES)
    test(`outbox list works in the container of ${service}, on its own data`, () => {
      assert.match(
        exec(service, "outbox", "list"),
        new RegExp(`^medconnect_${service}: nothing waits$`, "m"),
      );
    });

  test("backup writes a file by the account of MySQL's administrator", () => {
    const backups = join(folder, "backups");
    mkdirSync(backups);
    // The container's user is not the owner.
    chmodSync(backups, 0o777);
    const [recipient] = /age1\w+/.exec(exec("operator", "backup", "key", "/tmp/key"))!;
    const settings = ["-e", "BACKUP_DIR=/backups", "-e", `BACKUP_RECIPIENT=${recipient}`];
    const mount = ["-v", `${backups}:/backups`];
    compose("run", "--rm", "-T", ...mount, ...settings, "migrate", "medconnect-ops", "backup");
    assert.match(readdirSync(backups).join(), /^medconnect-\w+.*\.sql\.gz\.age$/);
  });

  test("migrate can be repeated", () => {
    assert.match(compose("run", "--rm", "-T", "migrate"), /^nothing to apply$/m);
  });

  test("without a command, the commands are listed", () => {
    assert.match(exec("operator"), /^Commands: admin:create, audit:verify, /m);
  });
});

describe("gRPC", () => {
  before(() => {
    compose("cp", "certificates:/certs/clients/local", folder);
  });

  /** Calls scheduling without an access token. @returns the name of the gRPC status */
  async function call(security: ChannelCredentials): Promise<string> {
    const address = compose("port", "scheduling", "50052").trim();
    const client = new Grpc(address, { security, serverName: "scheduling" });
    try {
      return (await client.call("scheduling.v1.BookingService/ListBookings", {})).name;
    } finally {
      client.close();
    }
  }
  const file = (name: string) => readFileSync(join(folder, "local", name));

  test("accepts certificates of this system's CA, and then requires a token", async () => {
    const context = createSecureContext({ ca: file("ca.crt"), cert: file("tls.crt"), key: file("tls.key") });
    assert.equal(await call(credentials.createFromSecureContext(context)), "UNAUTHENTICATED");
  });

  test("refuses other callers", async () => {
    assert.equal(await call(credentials.createSsl(file("ca.crt"))), "UNAVAILABLE");
    assert.equal(await call(credentials.createInsecure()), "UNAVAILABLE");
  });

  test("only a process can read its own key, and no process the CA's", () => {
    for (const name of PROCESSES) {
      const seen = compose("exec", "-T", name, "sh", "-c", "stat -c '%n %a %u' /tls/*");
      assert.deepEqual(seen.trim().split("\n"), [
        "/tls/ca.crt 400 1000",
        "/tls/tls.crt 400 1000",
        "/tls/tls.key 400 1000",
      ]);
    }
  });

  test("the command keeps existing certificates, and adds a caller's", () => {
    const again = compose("run", "--rm", "-T", "certificates", ...MAKE_CERTIFICATES, "--client", "ehr");
    assert.match(again, /^made +ehr/m);
    for (const name of PROCESSES) assert.match(again, new RegExp(`^kept +${name} `, "m"));
  });
});

test("neither arguments of processes nor docker inspect show a secret", () => {
  const files = join(folder, ".secrets");
  const values = readdirSync(files).map((name) => readFileSync(join(files, name), "utf8"));
  assert.ok(values.length > 20);
  const shown = containers("--all").map((id) => docker("inspect", id));
  const running = containers().map((id) => docker("top", id, "-o", "pid,args"));
  for (const value of values.filter((text) => text !== "smtp://mailpit:1025"))
    assert.ok(![...shown, ...running].join("\n").includes(value));
});

test("each container reaches only the networks that it needs", () => {
  const reaches = (service: string, host: string) =>
    spawnSync("docker", ["compose", "--env-file", settings, "exec", "-T", service, "getent", "hosts", host], {
      cwd: ROOT,
      env,
    }).status === 0;
  assert.ok(reaches("auth", "mailpit"));
  for (const name of PROCESSES.filter((each) => each !== "auth")) assert.ok(!reaches(name, "mailpit"), name);
  assert.ok(!reaches("gateway", "mysql"));
  assert.ok(!reaches("operator", "redis"));
});

test("each container has limits, and all but MySQL a read-only file system", () => {
  const format = "{{.Name}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}}";
  for (const line of docker("inspect", "--format", format, ...containers())
    .trim()
    .split("\n")) {
    const [name, memory, pids, isReadOnly] = line.split(" ");
    assert.ok(Number(memory) > 0 && Number(pids) > 0, line);
    assert.equal(isReadOnly, `${!name!.includes("mysql")}`, line);
  }
});

test("nothing runs as root", () => {
  for (const id of containers()) {
    const [, ...processes] = docker("top", id, "-o", "pid,uid,args").trim().split("\n");
    for (const line of processes) assert.doesNotMatch(line, /^\d+ +0 /);
  }
});

test("every process stops by itself on request", () => {
  compose("stop", ...PROCESSES);
  const format = "{{.Name}} {{.State.ExitCode}}";
  const ended = docker("inspect", "--format", format, ...containers("--all", ...PROCESSES))
    .trim()
    .split("\n");
  assert.equal(ended.length, PROCESSES.length);
  for (const line of ended) assert.match(line, / 0$/);
});
