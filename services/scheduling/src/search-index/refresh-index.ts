import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Scheduling } from "../app.ts";
import { findStaleIndexes, indexDoctor, lockIndexedText } from "./search-index-store.ts";

/**
 * Job that rebuilds stale search indexes. They become stale through a migration, a change of the database by
 * hand, or a change by an older release.
 */
export const refreshIndex =
  (app: Scheduling) =>
  (signal?: AbortSignal): Promise<void> =>
    sweep(
      {
        find: (limit) => findStaleIndexes(app.db, limit),
        work: (id) =>
          app.db.transaction(async (tx) => {
            const text = await lockIndexedText(tx, id);
            // Another replica may have rebuilt the index since it was found stale.
            if (text?.isIndexStale) indexDoctor(tx, text);
          }),
        failure: "a doctor's search index cannot be refreshed",
        signal,
      },
      app.log,
    );
