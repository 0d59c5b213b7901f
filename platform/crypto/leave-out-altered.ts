import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";

/**
 * Decrypts the rows of a list. Logs and leaves out rows that were altered, so that one altered row does not
 * make the whole list fail.
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
      log.warn({ err: error }, "list omits a record that was changed outside of the service");
      return [];
    }
  });
