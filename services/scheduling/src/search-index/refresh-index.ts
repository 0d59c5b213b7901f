import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Scheduling } from "../app.ts";
import { findStaleIndexes, indexDoctor, lockIndexedText } from "./search-index-store.ts";

/** Rebuilds stale indexes: after a migration, a change by hand, or a change by an older release. */
export const refreshIndex =
  (app: Scheduling) =>
  (signal?: AbortSignal): Promise<void> =>
    sweep(
      {
        find: (limit) => findStaleIndexes(app.db, limit),
        work: (id) =>
          app.db.transaction(async (tx) => {
            const text = await lockIndexedText(tx, id);
            // Another replica may have rebuilt it.
            if (text?.isIndexStale) indexDoctor(tx, text);
          }),
        failure: "a doctor's search index cannot be refreshed",
        signal,
      },
      app.log,
    );
