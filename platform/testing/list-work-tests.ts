import type { JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import type { Platform } from "../service/service.ts";
import { callsBeyond, type ListUnderTest, listsOf, walkList } from "./list-work.ts";

/** Rows of the caller that a list is tested with. */
export const OWN_ROWS = 2000;
/** Rows of others. */
export const FOREIGN_ROWS = 8000;

/** Lists of a service on a filled schema. */
export interface FilledLists<App> {
  app: App;
  lists: ListUnderTest<App>[];
  /** Values of filters by their JSON name. */
  values: Record<string, JsonValue>;
}

/**
 * Tests that each paged RPC of a service reads few rows.
 *
 * @param scans filters that no key holds, as sets of words of the call (see `ListWork`)
 * @param filled called once the schema is filled
 */
export function testListWork<App extends Platform>(
  owner: string,
  scans: string[],
  filled: () => FilledLists<App>,
): void {
  test("every list of the service is walked", () => {
    expect(
      filled()
        .lists.map(({ method }) => method.name)
        .sort(),
    ).toEqual(listsOf(owner).sort());
  });

  test.each(listsOf(owner))("%s reads few rows, but for filters that no key holds", async (name) => {
    const { app, lists, values } = filled();
    const work = await walkList(app, lists.find(({ method }) => method.name === name)!, values);
    expect(work.long).toEqual([]);
    expect(callsBeyond(work.scans, scans)).toEqual([]);
  });
}
