import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  AuditServiceService,
  type ListAccessesRequest,
  ListAuditEventsRequest,
} from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { newId } from "../ids/ids.ts";
import { rowsRead } from "../testing/rows-read.ts";
import { bound, invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import { insertAuditEvents, type Outcome } from "./audit-store.ts";
import { listAccesses } from "./list-accesses.ts";
import { listAuditEvents } from "./list-audit-events.ts";

let billing: TestService;
beforeAll(async () => {
  billing = await startTestService("billing");
});
afterAll(() => billing.close());

const BEGINNING = Date.UTC(2029, 0, 1);

interface Line {
  actorId: string;
  subjectIds: string[];
  resource: string;
  second: number;
  outcome?: Outcome;
}

async function insertLines(...lines: Line[]): Promise<void> {
  const rows = lines.map(({ second, outcome = "SUCCESS", ...line }) => ({
    ...line,
    id: newId(),
    action: "payment.get",
    outcome,
    requestId: "",
    traceId: "",
    occurTime: new Date(BEGINNING + second * 1000),
  }));
  await billing.db.transaction(async (tx) => insertAuditEvents(tx, rows));
}

async function accessesOf(patientId: string, request: Partial<ListAccessesRequest> = {}) {
  const { response } = await invoke(
    AuditServiceService.listAccesses,
    bound(listAccesses, { service: "billing", ...billing }),
    userCaller("PATIENT", patientId),
    { pageSize: 0, pageToken: "", includeOwn: false, startTime: undefined, endTime: undefined, ...request },
  );
  return response;
}

const resourcesOf = async (patientId: string, request: Partial<ListAccessesRequest> = {}) =>
  (await accessesOf(patientId, request)).auditEvents.map(({ resource }) => resource);

test("an access log pages through successful accesses, with the patient's own on request", async () => {
  const [patient, doctor] = [newId(), newId()];
  await insertLines(
    { actorId: doctor, subjectIds: [patient, doctor], resource: "1", second: 1 },
    { actorId: patient, subjectIds: [patient, doctor], resource: "2", second: 2 },
    { actorId: doctor, subjectIds: [patient], resource: "denied", second: 3, outcome: "DENIED" },
    { actorId: newId(), subjectIds: [doctor, patient], resource: "3", second: 3 },
    { actorId: doctor, subjectIds: [doctor], resource: "another's", second: 4 },
    { actorId: patient, subjectIds: [doctor, patient], resource: "4", second: 4 },
    { actorId: doctor, subjectIds: [patient, patient], resource: "5", second: 4 },
  );
  expect(await resourcesOf(patient)).toEqual(["5", "3", "1"]);
  expect(new Set(await resourcesOf(patient, { includeOwn: true }))).toEqual(
    new Set(["5", "4", "3", "2", "1"]),
  );

  const paged: string[] = [];
  for (let pageToken = ""; ; ) {
    const { auditEvents, nextPageToken } = await accessesOf(patient, {
      includeOwn: true,
      pageSize: 2,
      pageToken,
    });
    paged.push(...auditEvents.map(({ resource }) => resource));
    pageToken = nextPageToken;
    if (pageToken === "") break;
  }
  expect(paged.toSorted()).toEqual(["1", "2", "3", "4", "5"]);
});

test("a line about three subjects is refused, because no key finds it by the third", async () => {
  const subjectIds = [newId(), newId(), newId()];
  await expect(insertLines({ actorId: newId(), subjectIds, resource: "1", second: 1 })).rejects.toThrow(
    "more than two subjects",
  );
});

describe("30,000 lines of a patient about themselves, some of them denials", () => {
  const [patient, doctor] = [newId(), newId()];
  const LAST = 30_000;
  const BATCH = 10_000;

  beforeAll(async () => {
    await insertLines({ actorId: doctor, subjectIds: [patient], resource: "old", second: 0 });
    for (let first = 1; first <= LAST; first += BATCH) {
      await billing.db.write(
        `INSERT INTO audit_events (id, action, actor_id, subject_ids, resource, outcome, request_id, trace_id, occur_time)
         WITH RECURSIVE a (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM a WHERE n < 99)
         SELECT UUID_TO_BIN(UUID()), 'payment.list', ?, JSON_ARRAY(?, ?), 'own', IF(a.n < 2, 'DENIED', 'SUCCESS'), '', '',
           ? + INTERVAL 100 * b.n + a.n SECOND
         FROM a, a AS b`,
        [patient, patient, doctor, new Date(BEGINNING + first * 1000)],
      );
    }
    await billing.db.write("ANALYZE TABLE audit_events");
  }, 300_000);

  /**
   * Maximum number of rows that may be read for a page of 20. It allows for a few index ranges, and for the
   * query that reads MySQL's counter of rows.
   */
  const A_PAGE = 1000;
  const rows = (work: () => Promise<unknown>) => rowsRead(billing.db, "scan", work);

  test("cost nothing in an access log without own lines", async () => {
    expect(await rows(async () => expect(await resourcesOf(patient)).toEqual(["old"]))).toBeLessThan(A_PAGE);
  });

  test("cost one page in an access log with own lines, also in the middle", async () => {
    const { nextPageToken } = await accessesOf(patient, {
      includeOwn: true,
      endTime: new Date(BEGINNING + (LAST / 2) * 1000),
    });
    const second = () =>
      accessesOf(patient, {
        includeOwn: true,
        endTime: new Date(BEGINNING + (LAST / 2) * 1000),
        pageToken: nextPageToken,
      });
    expect(await rows(async () => expect((await second()).auditEvents).toHaveLength(20))).toBeLessThan(
      A_PAGE,
    );
  });

  test.each(["patient", "doctor"])("cost one page if an admin filters by the %s", async (who) => {
    const subjectId = { patient, doctor }[who]!;
    const list = async () => {
      const { response } = await invoke(
        AuditServiceService.listAuditEvents,
        bound(listAuditEvents, { service: "billing", ...billing }),
        userCaller("ADMIN"),
        ListAuditEventsRequest.fromPartial({ subjectId }),
      );
      expect(response.auditEvents).toHaveLength(20);
    };
    expect(await rows(list)).toBeLessThan(A_PAGE);
  });
});
