import type { JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import type { Platform } from "../service/service.ts";
import { callsBeyond, type ListUnderTest, listsOf, walkList } from "./list-work.ts";

/** Number of the caller's rows in a tested list. */
export const OWN_ROWS = 2000;
/** Number of other users' rows. */
export const FOREIGN_ROWS = 8000;

/** Lists of a service on a filled schema. */
export interface FilledLists<App> {
  app: App;
  lists: ListUnderTest<App>[];
  /** Values of filters by JSON name. */
  values: Record<string, JsonValue>;
}

/**
 * Tests that each paged RPC of a service reads few rows.
 *
 * @param scans filters without a key, as sets of words of the call (see `ListWork`)
 * @param filled called after the schema is filled
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
