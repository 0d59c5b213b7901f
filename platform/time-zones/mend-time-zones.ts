import { repeat, type Work } from "../jobs.ts";
import type { Logger } from "../log.ts";
import { legacyTimeZone } from "./legacy-time-zone.ts";

const BATCH = 500;

export interface TimeZoneRow {
  readonly id: string;
  readonly time_zone: string;
}

/** A table with a time zone in each row. */
export interface TimeZoneRows {
  /** Reads rows in the order of their ids, from after `afterId`. */
  read: (afterId: string, limit: number) => Promise<TimeZoneRow[]>;
  /** Replaces a row's zone, unless it was changed meanwhile. */
  replace: (row: TimeZoneRow, timeZone: string) => Promise<unknown>;
  /** Replaces offsets, which name no zone: the value of a row whose owner gave none. */
  fallback: string;
}

/**
 * Brings zones that were stored before they had a canonical form to it, by the table of the product: otherwise the API
 * would refuse what it answers. Each process goes over the rows once, in batches; a pass that failed goes on at the next turn.
 */
export function mendTimeZones({ read, replace, fallback }: TimeZoneRows, log: Logger): Work {
  let afterId = "";
  let isDone = false;
  return async (signal) => {
    if (isDone) return;
    let mended = 0;
    await repeat(async () => {
      const rows = await read(afterId, BATCH);
      for (const row of rows) {
        const timeZone = legacyTimeZone(row.time_zone) ?? fallback;
        if (timeZone === row.time_zone) continue;
        await replace(row, timeZone);
        mended += 1;
      }
      afterId = rows.at(-1)?.id ?? afterId;
      return rows.length === BATCH;
    }, signal);
    isDone = true;
    if (mended > 0) log.info({ mended }, "time zones are in their canonical form");
  };
}
