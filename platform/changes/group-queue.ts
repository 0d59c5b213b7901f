import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Context, context, TraceFlags, trace } from "@opentelemetry/api";
import { GROUPS, withBorrower } from "../db/borrower.ts";
import { isRetryable } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";

/**
 * Maximum number of changes in one transaction. In a larger one, each change would wait for the writes of too
 * many others.
 */
const MAX_GROUP = 32;
/**
 * Time in ms after which the next group starts even if the previous group still runs. The connection of the
 * previous group may be dead.
 */
const SLOW_MS = 250;
/**
 * Time in ms after which the next group starts even if the events of the previous group are not delivered
 * yet. Delivery usually takes a few ms.
 */
const SLOW_DELIVERY_MS = 50;
/**
 * Maximum number of changes that run at the same time, each in a transaction of its own. This is half of the
 * default number of connections for transactions.
 */
const MAX_ALONE = 8;
/**
 * Time in ms for which all changes by an actor run alone after one of them has failed. A change that runs
 * alone cannot fail a group.
 */
const ALONE_MS = 1000;

/** A change that waits in the queue for its transaction. */
export interface Member {
  /** Ids of the rows that the change concerns. Members with a common row never share a transaction. */
  readonly rows: string[];
  readonly actorId: string;
  /**
   * Time in ms since the epoch at which the caller stops waiting. A change that still waits in the queue is
   * then dropped. Absent: no limit.
   */
  readonly deadline?: number;
  /** OpenTelemetry context of the request that makes the change. */
  readonly context: Context;
}

/** Result of a transaction of one or more members. */
export interface CommittedGroup<M extends Member, Outcome> {
  /**
   * Outcome of each member. MISSING: a shared transaction did not find one of the member's rows, or found it
   * locked.
   */
  outcomes: Map<M, Outcome | "MISSING">;
  /**
   * Resolves when the events of the transaction are delivered, or when the wait for their delivery times out.
   */
  delivered: Promise<void>;
}

/**
 * Commits members in one transaction. A shared transaction skips rows that other transactions have locked.
 */
export type Commit<M extends Member, Outcome> = (
  members: M[],
  isShared: boolean,
) => Promise<CommittedGroup<M, Outcome>>;

export interface CommittedMember<Outcome> {
  outcome: Outcome;
  delivered: Promise<void>;
}

interface Waiting<M extends Member, Outcome> {
  readonly member: M;
  readonly resolve: (committed: CommittedMember<Outcome>) => void;
  readonly reject: (error: unknown) => void;
  /**
   * True if the member must run in a transaction of its own. Reasons: its group failed, its rows were missing
   * or locked, or a recent change by the same actor failed.
   */
  isAlone: boolean;
}

/**
 * Group commit: while one transaction commits and delivers its events, new changes gather for the next
 * transaction. If the queue is idle, a new change starts at the end of the current turn of the event loop.
 *
 * A group never waits for a lock. A member whose rows are locked leaves the group and runs alone. If a group
 * fails, each of its members runs alone. If it fails because the database is down, its members get the error
 * instead. A slow or failing change thus delays the others by at most one transaction. If several members
 * need the same locked row, only one of them waits on a connection; the others stay in the queue.
 */
export class GroupQueue<M extends Member, Outcome> {
  readonly #commit: Commit<M, Outcome>;
  #queue: Waiting<M, Outcome>[] = [];
  #isAtWork = false;
  /** Ids of actors whose changes run alone, because one of their changes failed less than `ALONE_MS` ago. */
  readonly #aloneActors = new Set<string>();
  /** Members that are running alone now. */
  readonly #alone = new Set<M>();

  constructor(commit: Commit<M, Outcome>) {
    this.#commit = commit;
  }

  /**
   * Queues a member, and waits until its transaction is committed. Throws the errors of that transaction.
   * Throws DEADLINE_EXCEEDED if the member is still in the queue at its deadline.
   */
  async run(member: M): Promise<CommittedMember<Outcome>> {
    return await new Promise((resolve, reject) => {
      this.#queue.push({ member, resolve, reject, isAlone: this.#aloneActors.has(member.actorId) });
      void this.#work();
    });
  }

  /**
   * Commits groups until no member in the queue can start: each of them waits for a member that runs alone,
   * or the queue is empty.
   */
  async #work(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    for (;;) {
      // Waits until the turn of the event loop ends, so that all requests that arrive in this turn share a
      // group.
      await endOfTurn();
      const group = this.#nextGroup();
      if (group.length === 0) break;
      await endOrTime(this.#commitAndDeliver(group), SLOW_MS);
    }
    this.#isAtWork = false;
  }

  /**
   * Takes the next group from the queue. No member of the group has a row in common with another member, or
   * with a member that runs alone. Also starts members that must run alone, and drops members whose deadline
   * has passed.
   */
  #nextGroup(): Waiting<M, Outcome>[] {
    const taken = new Set([...this.#alone].flatMap(rowsOfAlone));
    const group: Waiting<M, Outcome>[] = [];
    const left: Waiting<M, Outcome>[] = [];
    for (const waiting of this.#queue) {
      const { member, isAlone } = waiting;
      const rows = isAlone ? rowsOfAlone(member) : member.rows;
      const isFull = isAlone ? this.#alone.size >= MAX_ALONE : group.length === MAX_GROUP;
      if (isLate(member)) waiting.reject(new ApiError("DEADLINE_EXCEEDED"));
      else if (isFull || rows.some((row) => taken.has(row))) left.push(waiting);
      else {
        for (const row of rows) taken.add(row);
        if (isAlone) void this.#goAlone(waiting);
        else group.push(waiting);
      }
    }
    this.#queue = left;
    return group;
  }

  /**
   * Commits a group and waits briefly for the delivery of its events. Requests that arrive in the meantime
   * form the next group. A consumer thus gets the events of these requests in one batch.
   */
  async #commitAndDeliver(group: Waiting<M, Outcome>[]): Promise<void> {
    const { delivered } = await this.#commitTogether(group);
    // Ignores the error of a failed delivery. The members still get this error, because each of them awaits
    // the delivery itself.
    await endOrTime(
      delivered.catch(() => {}),
      SLOW_DELIVERY_MS,
    );
  }

  /**
   * Commits a group. Then resolves or rejects each member, or puts the member back into the queue to run
   * alone. Never throws.
   *
   * @returns the delivery of the group's events, wrapped in an object, because `await` would also wait for a
   *   bare promise
   */
  async #commitTogether(group: Waiting<M, Outcome>[]): Promise<{ delivered: Promise<void> }> {
    const members = group.map(({ member }) => member);
    try {
      const { outcomes, delivered } = await inTraceOf(members, () => this.#commit(members, true));
      const missing: Waiting<M, Outcome>[] = [];
      for (const waiting of group) {
        // biome-ignore lint/style/noNonNullAssertion: a commit has an outcome for each member
        const outcome = outcomes.get(waiting.member)!;
        if (outcome === "MISSING") missing.push(waiting);
        else waiting.resolve({ outcome, delivered });
      }
      this.#leaveAlone(missing);
      return { delivered };
    } catch (error) {
      const isAway = error instanceof ApiError && error.rule.httpStatus >= 500 && !isRetryable(error);
      if (isAway) for (const { reject } of group) reject(error);
      else this.#leaveAlone(group);
      return { delivered: Promise.resolve() };
    }
  }

  /** Puts members of a group back at the head of the queue, to run alone. */
  #leaveAlone(members: Waiting<M, Outcome>[]): void {
    for (const member of members) member.isAlone = true;
    this.#queue.unshift(...members);
    void this.#work();
  }

  async #goAlone({ member, resolve, reject }: Waiting<M, Outcome>): Promise<void> {
    this.#alone.add(member);
    try {
      const { outcomes, delivered } = await context.with(member.context, () => this.#commit([member], false));
      const outcome = outcomes.get(member);
      // A transaction with one member waits for locked rows instead of skipping them. So MISSING means here that
      // the row does not exist.
      if (outcome === undefined || outcome === "MISSING")
        throw new Error("a change has lost one of its rows");
      resolve({ outcome, delivered });
    } catch (error) {
      this.#keepAlone(member.actorId);
      reject(error);
    }
    this.#alone.delete(member);
    void this.#work();
  }

  #keepAlone(actorId: string): void {
    this.#aloneActors.add(actorId);
    setTimeout(() => this.#aloneActors.delete(actorId), ALONE_MS).unref();
  }
}

/**
 * Ids that a member occupies while it runs alone: those of its rows, and the id of its actor. The actor's id
 * prevents two changes of one actor from running alone at the same time.
 */
const rowsOfAlone = ({ rows, actorId }: Member): string[] => [...rows, actorId];

const isLate = ({ deadline = Number.POSITIVE_INFINITY }: Member): boolean => deadline <= Date.now();

/** Waits until `work` ends, but no longer than `ms`. */
async function endOrTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, time]);
  clearTimeout(timer);
}

/**
 * Runs `work` for a group in a span that belongs to the trace of one sampled member. The spans of the other
 * members link to that span.
 */
async function inTraceOf<T>(members: { context: Context }[], work: () => Promise<T>): Promise<T> {
  // biome-ignore lint/style/noNonNullAssertion: a group has at least one member
  const first = members[0]!;
  if (members.length === 1) return await context.with(withBorrower(first.context, GROUPS), work);
  const isSampled = (context: Context) =>
    (trace.getSpanContext(context)?.traceFlags ?? 0) & TraceFlags.SAMPLED;
  const { context: parent } = members.find((member) => isSampled(member.context)) ?? first;
  const options = { kind: SpanKind.INTERNAL, parent: withBorrower(parent, GROUPS) };
  return await inSpan("commit group", options, (span) => {
    for (const { context } of members) {
      if (context !== parent) trace.getSpan(context)?.addLink({ context: span.spanContext() });
    }
    return work();
  });
}
