import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { addDeadEvent, addDeadMail } from "../support/dead-letters.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc } from "../support/grpc.ts";
import { mailsTo } from "../support/mails.ts";
import { sharedStack } from "../support/stack.ts";

const EVENTS = "/v1/admin/services/billing/dead-events";
const MAILS = "/v1/admin/dead-mails";
/** Fields of a dead event and of a dead mail. None holds a content, an address or a name. */
const EVENT_FIELDS = [
  ...["aggregateId", "createTime", "destination", "failTime", "id", "reason", "replayable", "tries", "type"],
];
const MAIL_FIELDS = ["createTime", "expireTime", "failTime", "id", "reason", "template", "tries", "userId"];

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
const billing = new Grpc(stack.addresses.billing);
let admin: Account;
beforeAll(async () => {
  admin = await signUpAdmin(api, stack);
});
afterAll(() => billing.close());

/** The items of all pages of a list. */
async function all(path: string, items: string): Promise<Json[]> {
  const found: Json[] = [];
  let pageToken = "";
  do {
    const page = await admin.api.ok(`GET ${path}?pageSize=2&pageToken=${pageToken}`);
    found.push(...(page[items] as Json[]));
    pageToken = String(page.nextPageToken);
  } while (pageToken !== "");
  return found;
}

const auditOf = async (resource: string): Promise<unknown[]> => {
  const query = `actorId=${admin.id}&pageSize=100`;
  const { auditEvents } = await admin.api.ok(`GET /v1/admin/audit-events?${query}`);
  return (auditEvents as Json[]).filter((event) => event.resource === resource).map(({ action }) => action);
};

test("an admin finds a dead event, and replays it: it is delivered", async () => {
  const [id] = await Promise.all([addDeadEvent(), addDeadEvent(), addDeadEvent()]);
  const event = (await all(EVENTS, "deadEvents")).find((one) => one.id === id)!;
  expect(event).toMatchObject({
    type: "payment.cancelled",
    destination: "scheduling",
    tries: 25,
    reason: "CONFLICT",
    replayable: true,
  });
  expect(Object.keys(event).sort()).toEqual(EVENT_FIELDS);

  const replay = () => admin.api.send(`POST ${EVENTS}/${id}:replay`, { key: true, body: {} });
  expect((await replay()).status).toBe(204);
  // Once the event is delivered, it is gone.
  await eventually(replay, ({ status }) => status === 404);
  expect((await all(EVENTS, "deadEvents")).map((one) => one.id)).not.toContain(id);
  expect(await auditOf(`events/${id}`)).toEqual(["dead_event.replay"]);
  expect(await auditOf("dead-events")).toContain("dead_event.list");
});

test("the same holds over gRPC, at the service that has the event", async () => {
  const id = await addDeadEvent();
  const list = (service: string) =>
    billing.call("operations.v1.OutboxService/ListDeadEvents", { service, pageSize: 100 }, admin);
  expect((await list("billing")).body).toMatchObject({
    deadEvents: expect.arrayContaining([expect.objectContaining({ id })]),
  });
  expect((await list("auth")).body).toMatchObject({ deadEvents: [] });
  const replay = (service: string) =>
    billing.call("operations.v1.OutboxService/ReplayDeadEvent", { service, eventId: id }, admin);
  expect((await replay("auth")).reason).toBe("NOT_FOUND");
  expect((await replay("billing")).name).toBe("OK");
  await eventually(
    () => replay("billing"),
    ({ reason }) => reason === "NOT_FOUND",
  );
});

test("an admin finds a dead mail, and retries it: it is sent", async () => {
  const user = await signUp(api, "PATIENT");
  const before = (await mailsTo(stack, user.email, 0)).length;
  const id = await addDeadMail(user);
  const mail = (await all(MAILS, "deadMails")).find((one) => one.id === id)!;
  expect(mail).toMatchObject({ userId: user.id, template: "mfa-reset", tries: 1, reason: "EENVELOPE 550" });
  expect(Object.keys(mail).sort()).toEqual(MAIL_FIELDS);

  expect((await admin.api.send(`POST ${MAILS}/${id}:retry`, { key: true, body: {} })).status).toBe(204);
  expect(await mailsTo(stack, user.email, before + 1)).toHaveLength(before + 1);
  expect(await auditOf(`mails/${id}`)).toContain("dead_mail.retry");
});

test.each([
  [`GET ${EVENTS}?pageToken=invented`, 400, "INVALID_PAGE_TOKEN"],
  ["GET /v1/admin/services/gateway/dead-events", 400, "INVALID_REQUEST"],
  [`GET ${MAILS}?pageSize=-1`, 400, "INVALID_REQUEST"],
  [`POST ${EVENTS}/${newId()}:replay`, 404, "NOT_FOUND"],
  [`POST ${MAILS}/${newId()}:retry`, 404, "NOT_FOUND"],
])("%s is refused", async (call, status, reason) => {
  expect(refusal(await admin.api.send(call))).toEqual({ status, reason });
});
