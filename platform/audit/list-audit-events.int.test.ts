import type { MethodDefinition } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  type AuditEvent,
  AuditServiceService,
  ListAuditEventsRequest,
  type ListAuditEventsResponse,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import type { Caller } from "../identity/caller.ts";
import { newId } from "../ids/ids.ts";
import { bound, invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import { listAuditEvents } from "./list-audit-events.ts";

type Method = MethodDefinition<ListAuditEventsRequest, ListAuditEventsResponse>;
const LIST: Method = AuditServiceService.listAuditEvents;
const EXPORT: Method = AuditServiceService.exportAuditEvents;

let billing: TestService;
beforeAll(async () => {
  billing = await startTestService("billing");
});
afterAll(() => billing.close());

const read = async (caller: Caller, request: Partial<ListAuditEventsRequest>, method = LIST) =>
  (
    await invoke(
      method,
      bound(listAuditEvents, { service: "billing", ...billing }),
      caller,
      ListAuditEventsRequest.fromPartial(request),
    )
  ).response;

/** Reads the audit lines about reads of the trail by `actorId`, as another admin. */
const readsOf = async (actorId: string): Promise<AuditEvent[]> =>
  (await read(userCaller("ADMIN"), { actorId, pageSize: 1000 })).auditEvents;

/** Reads all events in pages. Returns their ids. */
async function readAll(caller: Caller, pageSize: number, method: Method): Promise<string[]> {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await read(caller, { pageSize, pageToken }, method);
    ids.push(...page.auditEvents.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return ids;
}

test.each([
  ["a list", LIST, "audit.list"],
  ["an export", EXPORT, "audit.export"],
])("%s leaves a line in the trail, with its subject", async (_, method, action) => {
  const admin = userCaller("ADMIN");
  const subjectId = newId();
  await read(admin, {}, method);
  billing.clock.advance(1);
  await read(admin, { subjectId }, method);
  expect(await readsOf(admin.userId)).toEqual([
    expect.objectContaining({ action, resource: "audit-events", subjectIds: [subjectId] }),
    expect.objectContaining({ action, resource: "audit-events", subjectIds: [] }),
  ]);
});

test("an export of many pages leaves one line, and ends although the trail grows by it", async () => {
  for (let n = 0; n < 5; n++) await read(userCaller("ADMIN"), {});
  const admin = userCaller("ADMIN");
  const all = await readAll(admin, 1, EXPORT);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(5);
  expect(await readsOf(admin.userId)).toHaveLength(1);
});

test("a page token of another caller is refused, because that read would leave no line", async () => {
  const { nextPageToken: pageToken } = await read(userCaller("ADMIN"), { pageSize: 1 });
  await expect(read(userCaller("ADMIN"), { pageSize: 1, pageToken })).rejects.toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("a request for another service's trail is empty and leaves no line", async () => {
  const admin = userCaller("ADMIN");
  expect(await read(admin, { service: "auth" })).toMatchObject({ auditEvents: [] });
  expect(await readsOf(admin.userId)).toEqual([]);
});
