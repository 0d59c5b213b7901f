import type { JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import type { Platform } from "../service/service.ts";
import { callsBeyond, type ListUnderTest, listsOf, walkList } from "./list-work.ts";

/** Number of rows that belong to the caller, in each tested list. */
export const OWN_ROWS = 2000;
/** Number of rows that belong to other users. */
export const FOREIGN_ROWS = 8000;

/** A service whose tables have been filled, and its list RPCs. */
export interface FilledLists<App> {
  app: App;
  lists: ListUnderTest<App>[];
  /** Values for the filters of the lists, by JSON name of the filter. */
  values: Record<string, JsonValue>;
}

/**
 * Tests that each paged RPC of a service reads few rows.
 *
 * @param scans combinations of filters that no index serves, each as words of a call (see `ListWork`)
 * @param filled returns the service and its lists; called after the schema has been filled
 */
export function testListWork<App extends Platform>(
  owner: string,
  scans: string[],
  filled: () => FilledLists<App>,
): void {
  test("every list of the service is tested", () => {
    expect(
      filled()
        .lists.map(({ method }) => method.name)
        .sort(),
    ).toEqual(listsOf(owner).sort());
  });

  test.each(listsOf(owner))("%s reads few rows, except for filters without a key", async (name) => {
    const { app, lists, values } = filled();
    const work = await walkList(app, lists.find(({ method }) => method.name === name)!, values);
    expect(work.long).toEqual([]);
    expect(callsBeyond(work.scans, scans)).toEqual([]);
  });
}
