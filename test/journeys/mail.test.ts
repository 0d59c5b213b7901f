import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CaughtMail } from "@medconnect/dev/stack/mail-folder.ts";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { logIn, PASSWORD } from "../support/accounts.ts";
import { Api, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { mailsTo, tokenOf } from "../support/mails.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";

const REFUSED = { status: 401, reason: "INVALID_CREDENTIALS" };
const RECOVERED_WITHIN_MS = 90_000;

let stack: OwnStack;
let api: Api;
beforeAll(async () => {
  stack = await startOwnStack();
  api = new Api(stack.urls.gateway);
}, START_TIMEOUT_MS);
afterAll(() => stack.stop());

const newEmail = () => `vera-${randomUUID()}@example.org`;
const register = (email: string, password = PASSWORD) =>
  api.send("POST /v1/auth/register", {
    body: { email, password, fullName: "Vera Verified", role: "PATIENT" },
  });

/** Restarts auth with other settings, and waits until the gateway has reconnected to it. */
async function restartAuth(env: NodeJS.ProcessEnv): Promise<void> {
  const { auth } = stack.processes;
  await auth.stop();
  Object.assign(auth.env, env);
  await auth.start();
  await untilServed();
}

const untilServed = () =>
  eventually(
    () => api.send("POST /v1/auth/password:forgot", { body: { email: newEmail() } }),
    ({ status }) => status === 202,
    RECOVERED_WITHIN_MS,
  );

describe("with required verification of e-mail addresses", () => {
  beforeAll(() => restartAuth({ EMAIL_VERIFICATION: "required" }), START_TIMEOUT_MS);

  const login = (email: string, password = PASSWORD) =>
    api.send("POST /v1/auth/login", { body: { email, password } });
  const verify = (mail: CaughtMail, password = PASSWORD) =>
    api.send("POST /v1/auth/email:verify", { body: { token: tokenOf(mail), password } });

  test("users cannot sign in before they have followed the link", async () => {
    const email = newEmail();
    const registered = await register(email);
    expect({ status: registered.status, text: registered.text }).toEqual({ status: 202, text: "{}" });
    expect(refusal(await login(email))).toEqual(REFUSED);

    const [mail] = await mailsTo(stack, email, 1);
    expect((await verify(mail!)).status).toBe(204);
    const { api: own } = await logIn(api, { email });
    expect(await own.client.getMe()).toMatchObject({ email, emailVerified: true });

    const readLogs = async () => {
      const logs = (await readdir(stack.logs)).map((name) => readFile(join(stack.logs, name), "utf8"));
      return (await Promise.all(logs)).join("");
    };
    const lines = await eventually(readLogs, (text) => text.includes("mail sent"));
    for (const secret of [email, tokenOf(mail!), mail!.subject]) expect(lines).not.toContain(secret);
  });

  test("a known address gets the response of a new one; only its owner gets a different mail", async () => {
    const email = newEmail();
    const first = await register(email);
    const [mail] = await mailsTo(stack, email, 1);
    await verify(mail!);
    const second = await register(email);
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    const names = (headers: Headers) => [...headers.keys()].sort();
    expect(names(second.headers)).toEqual(names(first.headers));
    const mails = await mailsTo(stack, email, 2);
    expect(mails.map(({ subject }) => subject).sort()).toEqual([
      "Confirm your e-mail address",
      "You have an account already",
    ]);
  });

  test("a registration of another person's address gains nothing, whichever link is followed", async () => {
    const STRANGERS = "a phrase that a stranger knows";
    const email = newEmail();
    await register(email, STRANGERS);
    const [fromStranger] = await mailsTo(stack, email, 1);
    await register(email);
    const mails = await mailsTo(stack, email, 2);
    const own = mails.find(({ link }) => link !== fromStranger!.link);

    expect(refusal(await verify(fromStranger!))).toEqual(REFUSED);
    expect(refusal(await login(email, STRANGERS))).toEqual(REFUSED);
    expect((await verify(own!)).status).toBe(204);
    expect(refusal(await verify(fromStranger!, STRANGERS))).toEqual({
      status: 400,
      reason: "INVALID_LINK_TOKEN",
    });
    expect(refusal(await login(email, STRANGERS))).toEqual(REFUSED);
    expect((await login(email)).status).toBe(200);
  });
});

describe("auth that is killed", () => {
  /**
   * Mails that the test's mail server has received. With `hold`, the server stops replying: either to the
   * command with the recipient's address, or after it has received the mail.
   */
  const received: ParsedMail[] = [];
  let hold: "at the recipient" | "after the mail" | undefined;
  let isHeld = Promise.withResolvers<void>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onRcptTo: (_address, _session, done) => {
      if (hold === "at the recipient") isHeld.resolve();
      else done();
    },
    onData: (stream, _session, done) => {
      simpleParser(stream).then((mail) => {
        received.push(mail);
        if (hold === "after the mail") isHeld.resolve();
        else done();
      }, done);
    },
  });
  server.on("error", () => {
    // Ignored: the server reports an error when its client, auth, is killed during the dialogue.
  });

  beforeAll(async () => {
    const listening = server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as { port: number };
    await restartAuth({
      EMAIL_VERIFICATION: "off",
      MAIL_URL: `smtp://127.0.0.1:${port}`,
      // Time after which another process may send mails that a killed process was sending.
      MAIL_LEASE: "3s",
    });
  }, START_TIMEOUT_MS);
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const mailsOf = (email: string) =>
    received.filter(({ to }) => to && !Array.isArray(to) && to.value[0]?.address === email);

  async function forgetful(): Promise<string> {
    const email = newEmail();
    expect((await register(email)).status).toBe(201);
    return email;
  }

  /**
   * Requests a mail, kills auth at this point of the SMTP dialogue, and restarts auth.
   *
   * @returns the address to which the mail is sent
   */
  async function killWhile(point: typeof hold): Promise<string> {
    const email = await forgetful();
    isHeld = Promise.withResolvers();
    hold = point;
    await api.client.forgotPassword({ email });
    await isHeld.promise;
    await stack.processes.auth.kill();
    hold = undefined;
    await stack.processes.auth.start();
    await untilServed();
    return email;
  }

  test("before the mail server has received the mail: it arrives once", async () => {
    const email = await killWhile("at the recipient");
    await eventually(
      async () => mailsOf(email),
      ({ length }) => length === 1,
      RECOVERED_WITHIN_MS,
    );
    // Requests another mail. If auth sent the first mail a second time, it would arrive before this one.
    const other = await forgetful();
    await api.client.forgotPassword({ email: other });
    await eventually(
      async () => mailsOf(other),
      ({ length }) => length === 1,
      RECOVERED_WITHIN_MS,
    );
    expect(mailsOf(email)).toHaveLength(1);
  });

  test("after the mail server has received it, but before auth knows: it arrives twice with one Message-ID", async () => {
    const email = await killWhile("after the mail");
    const mails = await eventually(
      async () => mailsOf(email),
      ({ length }) => length === 2,
      RECOVERED_WITHIN_MS,
    );
    expect(mails[1]!.messageId).toBe(mails[0]!.messageId);
    expect(mails[1]!.text).toBe(mails[0]!.text);
  });
});
