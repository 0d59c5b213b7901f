import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Scheduling } from "../app.ts";
import { findStaleIndexes, indexDoctor, lockIndexedText } from "./search-index-store.ts";

/** Indexes profiles whose index is stale: after a migration, beside the release before, or after a change by hand. */
export const refreshIndex =
  (app: Scheduling) =>
  (signal?: AbortSignal): Promise<void> =>
    sweep(
      {
        find: (limit) => findStaleIndexes(app.db, limit),
        work: (id) =>
          app.db.transaction(async (tx) => {
            const text = await lockIndexedText(tx, id);
            // Another instance may have done it already.
            if (text?.isIndexStale) indexDoctor(tx, text);
          }),
        failure: "a doctor's search index cannot be refreshed",
        signal,
      },
      app.log,
    );
