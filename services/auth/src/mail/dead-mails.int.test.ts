import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { type DeadMail, MailServiceService } from "@medconnect/proto/medconnect/auth/v1/mail_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { deliverMails } from "./deliver-mails.ts";
import { listDeadMails } from "./list-dead-mails.ts";
import { countMails } from "./mail-store.ts";
import { queueMail } from "./queue-mail.ts";
import { retryDeadMail } from "./retry-dead-mail.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Answer of a mail server to an unknown recipient, as nodemailer reports it. */
const UNKNOWN = Object.assign(new Error("550 <jo@example.com>: no such user"), {
  code: "EENVELOPE",
  command: "RCPT TO",
  responseCode: 550,
});

let auth: TestAuth;
let admin: UserCaller;
beforeAll(async () => {
  auth = await startTestAuth();
  admin = await auth.signInAdmin();
});
afterAll(() => auth.close());

let user: User;
beforeEach(async () => {
  await auth.app.db.write("DELETE FROM mails");
  user = await auth.makeUser();
});

/** Queues a mail that the mail server refuses for good. */
async function refuseOne(): Promise<void> {
  await auth.app.db.transaction(async (tx) =>
    queueMail(auth.app, tx, user, { template: "password-changed" }),
  );
  const refuse = async () => {
    throw UNKNOWN;
  };
  await deliverMails({ ...auth.app, mailTransport: { send: refuse } })();
}

const list = (pageSize = 0, pageToken = "") =>
  auth.call(MailServiceService.listDeadMails, bound(listDeadMails, auth.app), { pageSize, pageToken }, admin);
const onlyMail = async (): Promise<DeadMail> => (await list()).deadMails[0]!;
const retry = (mailId: string, idempotencyKey = "") =>
  auth.call(
    MailServiceService.retryDeadMail,
    bound(retryDeadMail, auth.app),
    { mailId, idempotencyKey },
    admin,
  );

test("a refused mail is listed without its address and content", async () => {
  await refuseOne();
  const now = auth.clock.now();
  const { deadMails, nextPageToken } = await list();
  expect(deadMails).toEqual([
    {
      id: expect.any(String),
      userId: user.id,
      template: "password-changed",
      createTime: now,
      failTime: now,
      expireTime: new Date(now.getTime() + 3 * DAY_MS),
      tries: 1,
      reason: "EENVELOPE 550",
    },
  ]);
  expect(nextPageToken).toBe("");
  expect(JSON.stringify(deadMails)).not.toContain("example.com");
  expect(await auth.auditOf(user.id)).toContain("dead_mail.list SUCCESS");
});

test("pages show each mail once, latest failure first; waiting mails are not listed", async () => {
  for (let i = 0; i < 5; i++) {
    await refuseOne();
    auth.clock.advance(SECOND_MS);
  }
  await auth.app.db.transaction(async (tx) => queueMail(auth.app, tx, user, { template: "mfa-reset" }));
  const seen: DeadMail[] = [];
  let pageToken = "";
  do {
    const page = await list(2, pageToken);
    seen.push(...page.deadMails);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
  const times = seen.map(({ failTime }) => failTime!.getTime());
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

test("a retried mail is sent, and the audit trail has the retry", async () => {
  await refuseOne();
  const { id } = await onlyMail();
  await retry(id);
  expect(await countMails(auth.app.db)).toEqual({ waiting: 1, dead: 0 });
  expect(await auth.mailsTo(user.email)).toEqual([expect.objectContaining({ id })]);
  expect(await auth.auditOf(user.id)).toContain("dead_mail.retry SUCCESS");
});

test("a repeat changes nothing, with and without its key", async () => {
  await refuseOne();
  const { id } = await onlyMail();
  const key = newId();
  await retry(id, key);
  await retry(id, key);
  await retry(id);
  const retries = (await auth.auditOf(user.id)).filter((line) => line.startsWith("dead_mail.retry"));
  expect(retries).toHaveLength(1);
});

test("an unknown, sent or expired mail is not found", async () => {
  await expect(retry(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
  await refuseOne();
  const { id } = await onlyMail();
  auth.clock.advance(3 * DAY_MS);
  await expect(retry(id)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});
