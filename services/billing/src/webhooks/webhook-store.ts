import type { Database } from "@medconnect/platform/db/database.ts";

const FIND = "SELECT 1 FROM webhook_events WHERE provider = ? AND event_id = ?";
const INSERT = `INSERT INTO webhook_events (provider, event_id, receive_time) VALUES (?, ?, ?)
  ON DUPLICATE KEY UPDATE event_id = webhook_events.event_id`;
const DELETE = "DELETE FROM webhook_events WHERE receive_time < ? LIMIT ?";

export async function isKnownEvent(db: Database, provider: string, eventId: string): Promise<boolean> {
  const rows = await db.read(FIND, [provider, eventId]);
  return rows.length > 0;
}

/** Stores the id of a handled event. Does nothing for a known event. */
export async function rememberEvent(
  db: Database,
  provider: string,
  eventId: string,
  now: Date,
): Promise<void> {
  await db.write(INSERT, [provider, eventId, now]);
}

/** Deletes events received before a time. */
export async function deleteEvents(db: Database, before: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE, [before], signal);
}
