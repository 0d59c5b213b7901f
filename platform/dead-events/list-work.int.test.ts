import { afterAll, beforeAll } from "@jest/globals";
import { OutboxServiceService } from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import { listUnderTest } from "../testing/list-work.ts";
import { testListWork } from "../testing/list-work-tests.ts";
import { startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import { listDeadEvents } from "./list-dead-events.ts";

const list = listUnderTest(OutboxServiceService.listDeadEvents, listDeadEvents, userCaller("ADMIN"));

let app: TestService & { service: string };
/** Fills the outbox with 2,000 dead events, and with 8,000 waiting ones, which the list must not read. */
beforeAll(async () => {
  app = { ...(await startTestService("scheduling")), service: "scheduling" };
  await app.db.write(
    `INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, destination, create_time, available_time, dead)
     WITH RECURSIVE a (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM a WHERE i < 99)
     SELECT UUID(), 'booking', UUID(), 'booking.cancelled', '', ELT(1 + a.i % 2, 'billing', 'clinical'), ?,
       ? + INTERVAL (100 * a.i + b.i) SECOND, a.i < 20 FROM a, a b`,
    [app.clock.now(), app.clock.now()],
  );
  await app.db.write("ANALYZE TABLE outbox");
}, 60_000);
afterAll(() => app.close());

testListWork("operations", [], () => ({ app, lists: [list], values: { service: "scheduling" } }));
