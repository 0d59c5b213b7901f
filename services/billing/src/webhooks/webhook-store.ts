import type { Database } from "@medconnect/platform/db/database.ts";

export async function isKnownEvent(db: Database, provider: string, eventId: string): Promise<boolean> {
  const rows = await db.read("SELECT 1 FROM webhook_events WHERE provider = ? AND event_id = ?", [
    provider,
    eventId,
  ]);
  return rows.length > 0;
}

export async function rememberEvent(
  db: Database,
  provider: string,
  eventId: string,
  now: Date,
): Promise<void> {
  await db.write(
    `INSERT INTO webhook_events (provider, event_id, receive_time) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE event_id = webhook_events.event_id`,
    [provider, eventId, now],
  );
}

/** Forgets events that came before a time. */
export async function forgetEvents(db: Database, before: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll("DELETE FROM webhook_events WHERE receive_time < ? LIMIT ?", [before], signal);
}
