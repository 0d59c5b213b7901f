import { expect, test } from "@jest/globals";
import { AuditEvent } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import fc from "fast-check";
import {
  compare,
  type Lister,
  mergeNewestFirst,
  type Position,
  pageAfter,
  positionOf,
} from "./merge-events.ts";

/** Lists as a service does: newest first, in pages, up to an exclusive end time. */
function lister(events: AuditEvent[], pageSize: number, endMs: number): Lister {
  return async (pageToken) => {
    const found = events
      .filter((event) => positionOf(event).timeMs < endMs)
      .sort((a, b) => compare(positionOf(a), positionOf(b)));
    const start = pageToken === "" ? 0 : found.findIndex((event) => event.id === pageToken) + 1;
    const page = found.slice(start, start + pageSize);
    const hasMore = start + pageSize < found.length;
    return { auditEvents: page, nextPageToken: hasMore ? page.at(-1)!.id : "" };
  };
}

/** Events within ten milliseconds, so that several have the same time. */
const event = fc
  .record({ id: fc.uuid(), occurTime: fc.integer({ min: 1000, max: 1010 }).map((ms) => new Date(ms)) })
  .map((fields) => AuditEvent.fromPartial(fields));
const trails = fc
  .uniqueArray(event, { selector: ({ id }) => id, maxLength: 40 })
  .chain((events) =>
    fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: events.length, maxLength: events.length })
      .map((owners) => [0, 1, 2, 3].map((service) => events.filter((_, index) => owners[index] === service))),
  );

test("pages show every event once, newest first, whatever the services' page sizes", async () => {
  await fc.assert(
    fc.asyncProperty(
      trails,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      async (trail, size, cut) => {
        const shown: AuditEvent[] = [];
        let after: Position | undefined;
        for (let more = true; more; ) {
          const endMs = after ? after.timeMs + 1 : Number.POSITIVE_INFINITY;
          const listers = trail.map((events) => lister(events, cut, endMs));
          const { page, hasMore } = await pageAfter(mergeNewestFirst(listers), after, size);
          expect(page.length === size || !hasMore).toBe(true);
          shown.push(...page);
          const last = page.at(-1);
          after = last && positionOf(last);
          more = hasMore;
        }
        const expected = trail.flat().sort((a, b) => compare(positionOf(a), positionOf(b)));
        expect(shown.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      },
    ),
  );
});

test("an event recorded between two pages neither repeats nor hides another", async () => {
  await fc.assert(
    fc.asyncProperty(trails, event, fc.integer({ min: 1, max: 5 }), async (trail, late, size) => {
      const before = trail.map((events) => lister(events, 3, Number.POSITIVE_INFINITY));
      const first = await pageAfter(mergeNewestFirst(before), undefined, size);
      const last = first.page.at(-1);
      if (!last) return;
      const after = positionOf(last);
      const grown = trail.map((events, service) =>
        lister(service === 0 ? [...events, late] : events, 3, after.timeMs + 1),
      );
      const second = await pageAfter(mergeNewestFirst(grown), after, 100);
      const seen = [...first.page, ...second.page].map(({ id }) => id);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(trail.flat().map(({ id }) => id)));
    }),
  );
});

test("the first pages are read concurrently, and further ones only when needed", async () => {
  let listCalls = 0;
  const counting =
    (list: Lister): Lister =>
    (token) => {
      listCalls++;
      return list(token);
    };
  const events = (ms: number) =>
    [1, 2, 3, 4].map((n) => AuditEvent.fromPartial({ id: `${ms}-${n}`, occurTime: new Date(ms) }));
  const listers = [lister(events(2000), 2, 9000), lister(events(1000), 2, 9000)].map(counting);
  await pageAfter(mergeNewestFirst(listers), undefined, 1);
  expect(listCalls).toBe(2);
});
