import { expect, test } from "@jest/globals";
import type { Database } from "../db/database.ts";
import type { EventRoutes } from "../outbox/event.ts";

/**
 * Tests that the use cases of a service write each type of event in `routes` to the outbox, once for each
 * destination.
 *
 * @param cases functions by type of event; each makes the change that the event reports
 * @param db returns the database of the service; called after the service has started
 */
export function testEvents(
  routes: EventRoutes,
  cases: Record<string, () => Promise<unknown>>,
  db: () => Database,
): void {
  test("every event of the service has a case here", () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(routes).sort());
  });

  test.each(Object.entries(cases))("the event: %s", async (type, change) => {
    await db().write("DELETE FROM outbox WHERE type = ?", [type]);
    await change();
    const sql = "SELECT DISTINCT destination FROM outbox WHERE type = ? ORDER BY destination";
    const told = await db().read<{ destination: string }>(sql, [type]);
    expect(told.map(({ destination }) => destination)).toEqual([...routes[type]!].sort());
  });
}
