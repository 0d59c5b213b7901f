import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { mailOptionsOf } from "@medconnect/platform/mail/mail-settings.ts";
import { createMailTransport, type MailTransport } from "@medconnect/platform/mail/mail-transport.ts";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { deliverMails } from "./deliver-mails.ts";
import type { Mail } from "./mail.ts";
import { countMails, deleteExpiredMails } from "./mail-store.ts";
import { queueMail } from "./queue-mail.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let auth: TestAuth;
let server: TestMailServer;
beforeAll(async () => {
  auth = await startTestAuth();
  server = await startMailServer();
});
afterAll(async () => {
  await server.close();
  await auth.close();
});
afterEach(async () => {
  server.reset();
  await auth.app.db.write("DELETE FROM mails");
});

interface TestMailServer {
  port: number;
  transport: MailTransport;
  received: ParsedMail[];
  passwords: unknown[];
  /**
   * Errors with which the server refuses the next recipients, in order. For an undefined entry, it accepts
   * the recipient.
   */
  refusals: ({ responseCode: number; message: string } | undefined)[];
  reset: () => void;
  close: () => Promise<void>;
}

/** A mail server that does not offer TLS. */
async function startMailServer(): Promise<TestMailServer> {
  const received: ParsedMail[] = [];
  const passwords: unknown[] = [];
  const refusals: TestMailServer["refusals"] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: ({ password }, _session, done) => {
      passwords.push(password);
      done(null, { user: "medconnect" });
    },
    onRcptTo: (_address, _session, done) => {
      const refusal = refusals.shift();
      done(refusal && Object.assign(new Error(refusal.message), refusal));
    },
    onData: (stream, _session, done) => {
      simpleParser(stream).then((mail) => {
        received.push(mail);
        done();
      }, done);
    },
  });
  const port = await new Promise<number>((resolve) => {
    const listening = smtp.listen(0, "127.0.0.1", () => {
      resolve((listening.address() as { port: number }).port);
    });
  });
  return {
    port,
    transport: createMailTransport(`smtp://127.0.0.1:${port}`),
    received,
    passwords,
    refusals,
    reset: () => {
      received.length = 0;
      passwords.length = 0;
      refusals.length = 0;
    },
    close: () => new Promise((resolve) => smtp.close(resolve)),
  };
}

const RESET: Mail = { template: "reset-password", token: "the-token" };
const email = "pat@example.org";

const queue = (mail: Mail = RESET, to = email) =>
  auth.app.db.transaction(async (tx) => queueMail(auth.app, tx, { id: newId(), email: to }, mail));
const deliver = (transport = server.transport) => deliverMails({ ...auth.app, mailTransport: transport })();
const count = () => countMails(auth.app.db);

test("a mail reaches the mail server in text and HTML, and is deleted", async () => {
  await queue();
  await deliver();
  expect(server.received).toHaveLength(1);
  const [mail] = server.received;
  expect(mail!.to).toMatchObject({ value: [{ address: email }] });
  expect(mail!.from).toMatchObject({ value: [{ address: "no-reply@medconnect.local", name: "MedConnect" }] });
  expect(mail!.subject).toBe("Choose a new password");
  expect(mail!.text).toContain("http://localhost:8080/console/reset-password#token=the-token");
  expect(mail!.html).toContain('href="http://localhost:8080/console/reset-password#token=the-token"');
  expect(mail!.messageId).toMatch(/^<[0-9a-f-]{36}@medconnect\.local>$/);
  expect(mail!.headers.get("auto-submitted")).toBe("auto-generated");
  expect(await count()).toEqual({ waiting: 0, dead: 0 });
});

test("in production, a mail server without TLS gets neither password nor mail", async () => {
  const MAIL_URL = `smtp://user:secret@127.0.0.1:${server.port}`;
  const set = { MAIL_URL, MAIL_FROM: "no-reply@example.org", PUBLIC_URL: "https://example.org" };
  const sendAs = (NODE_ENV: string) => deliver(createMailTransport(mailOptionsOf({ ...set, NODE_ENV }).url));
  await queue();
  await sendAs("production");
  expect(server).toMatchObject({ received: [], passwords: [] });
  expect(await count()).toEqual({ waiting: 1, dead: 0 });
  auth.clock.advance(60 * MINUTE_MS);
  await sendAs("development");
  expect(server).toMatchObject({ received: [{ subject: "Choose a new password" }], passwords: ["secret"] });
});

test("a change that is rolled back sends no mail", async () => {
  const change = auth.app.db.transaction(async (tx) => {
    queueMail(auth.app, tx, { id: newId(), email }, RESET);
    await tx.read("SELECT 1");
    throw new Error("no");
  });
  await expect(change).rejects.toThrow("no");
  await deliver();
  expect(server.received).toHaveLength(0);
});

test("the database shows neither address nor link", async () => {
  await queue();
  const rows = await auth.app.db.read<{ content: Buffer }>("SELECT * FROM mails");
  const dump = rows.map((row) => `${JSON.stringify(row)}${row.content.toString("latin1")}`).join();
  expect(rows).toHaveLength(1);
  expect(dump).not.toContain("pat");
  expect(dump).not.toContain("the-token");
});

test("concurrent processes send each mail once", async () => {
  for (let i = 0; i < 40; i++) await queue(RESET, `pat-${i}@example.org`);
  await Promise.all(Array.from({ length: 5 }, () => deliver()));
  const ids = server.received.map((mail) => mail.messageId);
  expect(ids).toHaveLength(40);
  expect(new Set(ids).size).toBe(40);
});

test("a temporary refusal is retried later as the same mail", async () => {
  server.refusals.push({ responseCode: 451, message: "greylisted" });
  await queue();
  await deliver();
  expect(server.received).toHaveLength(0);
  const [row] = await auth.app.db.read("SELECT id, tries, last_error FROM mails");
  expect(row).toMatchObject({ tries: 1, last_error: "EENVELOPE 451" });
  await deliver();
  expect(server.received).toHaveLength(0);
  auth.clock.advance(2000);
  await deliver();
  expect(server.received[0]!.messageId).toBe(`<${(row as { id: string }).id}@medconnect.local>`);
});

test("an unknown recipient is tried once", async () => {
  server.refusals.push({ responseCode: 550, message: "no such user" });
  await queue();
  await deliver();
  expect(await count()).toEqual({ waiting: 0, dead: 1 });
  auth.clock.advance(60 * MINUTE_MS);
  await deliver();
  expect(server.received).toHaveLength(0);
});

test("an unavailable mail server delays no call and loses no mail", async () => {
  await queue();
  await deliver(createMailTransport("smtp://127.0.0.1:1"));
  expect(await count()).toEqual({ waiting: 1, dead: 0 });
  auth.clock.advance(2000);
  await deliver();
  expect(server.received).toHaveLength(1);
});

test("a process that dies after sending leaves the mail queued under the same Message-ID", async () => {
  await queue();
  class Dying extends Error {}
  const dying: MailTransport = {
    send: async (mail) => {
      await server.transport.send(mail);
      // Never settles, like a process that dies before it records an outcome.
      return await new Promise<never>(() => {});
    },
  };
  const died = Promise.race([
    deliver(dying),
    (async () => {
      while (server.received.length === 0) await new Promise(setImmediate);
      throw new Dying();
    })(),
  ]);
  await expect(died).rejects.toThrow(Dying);
  await deliver();
  expect(server.received).toHaveLength(1);
  auth.clock.advance(2 * MINUTE_MS);
  await deliver();
  expect(server.received).toHaveLength(2);
  expect(server.received[1]!.messageId).toBe(server.received[0]!.messageId);
});

test("an expired mail is deleted unsent", async () => {
  await queue();
  auth.clock.advance(3 * DAY_MS);
  await deliver();
  expect(server.received).toHaveLength(0);
  await deleteExpiredMails(auth.app.db, auth.clock.now());
  expect(await count()).toEqual({ waiting: 0, dead: 0 });
});

test("a folder stores each mail once, in a file that only its owner can read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mail-"));
  try {
    const transport = createMailTransport(pathToFileURL(join(folder, "caught")).href);
    const twice: MailTransport = {
      send: async (mail) => {
        await transport.send(mail);
        await transport.send(mail);
      },
    };
    await queue();
    await deliver(twice);
    const [file, ...others] = await readdir(join(folder, "caught"));
    expect(others).toEqual([]);
    const mail = await simpleParser(await readFile(join(folder, "caught", file!)));
    expect(mail.text).toContain("#token=the-token");
    expect(mail.messageId).toBe(`<${file!.replace(".eml", "")}@medconnect.local>`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("sending stops when its process ends", async () => {
  await expect(deliverMails(auth.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
