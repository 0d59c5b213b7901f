import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/database.ts";
import type { EventRoutes } from "../outbox/event.ts";
import type { Platform } from "../service/service.ts";
import { changesOn } from "./changes-on.ts";
import { processList } from "./process-list.ts";

/**
 * Interval of polls in ms. The interval exceeds 100 ms, the time for which InnoDB caches its list of
 * transactions.
 */
const INNODB_TRX_CACHED_MS = 150;

/**
 * Runs a function as if a different caller or process ran it, while a transaction of the test is open.
 * Otherwise, `CheckedDatabase` would refuse the transactions of the function as nested ones.
 */
export const asAnother = AsyncLocalStorage.snapshot();

/** Runs a change, but pauses before its commit until `commit` is called. */
export function pausedBeforeCommit<App extends Platform>(
  app: App,
  routes: EventRoutes,
  change: (app: App) => Promise<unknown>,
) {
  const { promise: isPaused, resolve: pause } = Promise.withResolvers<void>();
  const { promise: isToCommit, resolve: commit } = Promise.withResolvers<void>();
  const db: Pick<Database, "transaction"> = {
    transaction: (work, options) =>
      app.db.transaction(async (tx) => {
        const result = await work(tx);
        // Sends the deferred statements together with this SELECT, so that these statements take their row
        // locks.
        await tx.read("SELECT 1");
        pause();
        await isToCommit;
        return result;
      }, options),
  };
  const done = change({ ...app, ...changesOn(app, { db: db as Database, routes }) });
  return { done, isPaused, commit };
}

/** Resolves when the change `done` has ended, or when a transaction in the same schema waits for a lock. */
export async function doneOrWaiting(db: Database, done: Promise<unknown>): Promise<void> {
  let isDone = false;
  const note = () => {
    isDone = true;
  };
  done.then(note, note);
  while (!isDone && !(await isWaiting(db))) await delay(INNODB_TRX_CACHED_MS);
}

/** True if a transaction in the same schema waits for a lock. */
export async function isWaiting(db: Database): Promise<boolean> {
  const ids = await waitingIds(db);
  return (await processList(db)).some(({ id, isOfSchema }) => isOfSchema && ids.has(id));
}

/** Connections that wait for locks; none if MySQL cannot tell at present. */
async function waitingIds(db: Database): Promise<Set<number>> {
  try {
    const rows = await db.read<{ id: number }>(
      "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    );
    return new Set(rows.map(({ id }) => Number(id)));
  } catch (error) {
    // The table has the statements of all connections in utf8mb3, so it cannot be read while a parameter of one has
    // an emoji, as some tests send.
    if ((error as { code?: string }).code === "ER_CANNOT_CONVERT_STRING") return new Set();
    throw error;
  }
}

/**
 * Runs `first` up to its commit and then `second`. Commits `first` when `second` has ended or waits for a
 * lock.
 */
export async function interleave<App extends Platform>(
  app: App,
  first: (app: App) => Promise<unknown>,
  second: () => Promise<unknown>,
  onError: (error: unknown) => void,
): Promise<void> {
  const paused = pausedBeforeCommit(app, {}, first);
  const firstDone = paused.done.catch(onError);
  await Promise.race([paused.isPaused, firstDone]);
  const done = second().catch(onError);
  await doneOrWaiting(app.db, done);
  paused.commit();
  await Promise.all([firstDone, done]);
}

/**
 * Runs `act` so that its first read is stale: `happen` changes the data right after the first read of `act`
 * outside of a transaction.
 */
export async function actAfterFirstRead<App extends Platform>(
  app: App,
  act: (app: App) => Promise<unknown>,
  happen: () => Promise<unknown>,
): Promise<void> {
  let happened: Promise<unknown> | undefined;
  const db = Object.create(app.db, {
    read: {
      value: async (...statement: Parameters<Database["read"]>) => {
        const rows = await app.db.read(...statement);
        happened ??= happen();
        await happened;
        return rows;
      },
    },
  });
  await act({ ...app, db });
  if (!happened) throw new Error("nothing was read outside of a transaction");
}
