import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Context, context, TraceFlags, trace } from "@opentelemetry/api";
import { GROUPS, withBorrower } from "../db/borrower.ts";
import { isRetryable } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";

/**
 * Maximum number of changes in one transaction. With more, each would wait for the writes of too many others.
 */
const MAX_GROUP = 32;
/**
 * Time in ms after which the next group starts although the group before it still runs, which may have a dead
 * connection.
 */
const SLOW_MS = 250;
/**
 * Time in ms after which the next group starts although the events of the group before it are not delivered
 * yet. Delivery usually takes a few ms.
 */
const SLOW_DELIVERY_MS = 50;
/**
 * Maximum number of changes that run alone at once: by default, half of the connections that a process has
 * for transactions.
 */
const MAX_ALONE = 8;
/**
 * Time in ms after a failed change in which further changes by its actor run alone, so that they cannot fail
 * a group.
 */
const ALONE_MS = 1000;

/** A change that waits in the queue for its transaction. */
export interface Member {
  /** Ids of the rows that the change concerns. Members with a common row never share a transaction. */
  readonly rows: string[];
  readonly actorId: string;
  /**
   * Time in ms since the epoch after which the caller no longer waits, so the change is dropped; absent:
   * never.
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
   * True if the member must run alone: its group failed or could not lock its rows, or a recent change by its
   * actor failed.
   */
  isAlone: boolean;
}

/**
 * Group commit: while one transaction commits and delivers its events, new changes gather for the next
 * transaction. If the queue is idle, a new change starts within the same turn of the event loop.
 *
 * A group never waits for a lock. A member whose rows are locked leaves the group and runs alone. So does
 * every member of a group that failed, unless the database is down: then all of them get the error. A slow or
 * failing change thus delays the others by at most one transaction. If several members need the same locked
 * row, only one of them waits on a connection; the others stay in the queue.
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

  /** Waits for the transaction of a member. Throws DEADLINE_EXCEEDED, and the errors of that transaction. */
  async run(member: M): Promise<CommittedMember<Outcome>> {
    return await new Promise((resolve, reject) => {
      this.#queue.push({ member, resolve, reject, isAlone: this.#aloneActors.has(member.actorId) });
      void this.#work();
    });
  }

  /** Commits groups until the queue is empty, or holds only members that wait for one that runs alone. */
  async #work(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    for (;;) {
      // Waits until the turn of the event loop ends, so that all requests that arrive in it share a group.
      await endOfTurn();
      const group = this.#nextGroup();
      if (group.length === 0) break;
      await endOrTime(this.#commitAndDeliver(group), SLOW_MS);
    }
    this.#isAtWork = false;
  }

  /**
   * Takes the next group from the queue: members without a common row, and without a row of a member that
   * runs alone. Also starts members that are to run alone, and drops members whose deadline has passed.
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
   * Commits a group and waits briefly for the delivery of its events. Requests that arrive until then form
   * the next group, so a consumer gets the events of that group in one batch.
   */
  async #commitAndDeliver(group: Waiting<M, Outcome>[]): Promise<void> {
    const { delivered } = await this.#commitTogether(group);
    // The error of a failed delivery is ignored here. The members get it, because each awaits the delivery
    // itself.
    await endOrTime(
      delivered.catch(() => {}),
      SLOW_DELIVERY_MS,
    );
  }

  /**
   * Resolves or rejects each member, or puts it back to run alone. Never throws.
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
      // The outcome is never MISSING here, because a transaction with one member waits for locks.
      resolve({ outcome: outcomes.get(member) as Outcome, delivered });
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
 * Rows that a member locks while it runs alone. The id of its actor is added, so that only one change of an
 * actor runs alone at a time.
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
 * Runs `work` for a group in the trace of one sampled member. Its span links to the spans of the other
 * members.
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
