import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";

/**
 * Opens the rows of a list. Leaves out, and logs, each that answers RECORD_ALTERED, so that a writer of one row cannot
 * take the others away.
 */
export const leaveOutAltered = <Row, Item>(
  log: Logger,
  rows: readonly Row[],
  open: (row: Row) => Item,
): Item[] =>
  rows.flatMap((row) => {
    try {
      return [open(row)];
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === "RECORD_ALTERED")) throw error;
      log.warn({ err: error }, "a list leaves out a record that was changed outside of the service");
      return [];
    }
  });
