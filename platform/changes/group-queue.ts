import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Context, context, TraceFlags, trace } from "@opentelemetry/api";
import { GROUPS, withBorrower } from "../db/borrower.ts";
import { isRetryable } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";

/** Maximum of changes in one transaction. More would make each wait for the writes of too many others. */
const MAX_GROUP = 32;
/** Time after which the next group no longer waits for the running one, whose connection may be dead. */
const SLOW_MS = 250;
/** Time after which the next group no longer waits for deliveries, which usually take a few ms. */
const SLOW_DELIVERY_MS = 50;
/** Maximum of changes that run alone at once: half of a process's connections for transactions by default. */
const MAX_ALONE = 8;
/** Time for which an actor's changes run alone after a failure, to protect the next groups. */
const ALONE_MS = 1000;

/** A change in the queue. */
export interface Member {
  /** Ids of the changed rows. Two members of one group have none in common. */
  readonly rows: string[];
  readonly actorId: string;
  /** Time after which no caller waits and the change is dropped, in ms since the epoch; absent = never. */
  readonly deadline?: number;
  /** Context of its trace. */
  readonly context: Context;
}

/** A committed transaction of one or more members. */
export interface CommittedGroup<M extends Member, Outcome> {
  /** Outcome of each member; MISSING if a shared transaction did not find a row, which may be locked. */
  outcomes: Map<M, Outcome | "MISSING">;
  /** Resolves when its events are delivered, or the wait for them ends. */
  delivered: Promise<void>;
}

/** Commits changes in one transaction, which skips locked rows if it is shared. */
export type Commit<M extends Member, Outcome> = (
  members: M[],
  isShared: boolean,
) => Promise<CommittedGroup<M, Outcome>>;

/** Outcome of a member, and the delivery of its transaction's events. */
export interface CommittedMember<Outcome> {
  outcome: Outcome;
  delivered: Promise<void>;
}

interface Waiting<M extends Member, Outcome> {
  readonly member: M;
  readonly resolve: (committed: CommittedMember<Outcome>) => void;
  readonly reject: (error: unknown) => void;
  /** True if it gets a transaction of its own, because a group could not serve it. */
  isAlone: boolean;
}

/**
 * Group commit: while one transaction commits and delivers its events, new changes gather for the next one.
 * An idle queue starts within the same turn of the event loop.
 *
 * No group waits for a lock. A member whose rows are locked then runs alone, and so does every member of a
 * failed group: a slow or failing change delays its neighbours by one round at most. Only one member per
 * locked row waits on a connection; those behind it wait in the queue.
 */
export class GroupQueue<M extends Member, Outcome> {
  readonly #commit: Commit<M, Outcome>;
  #queue: Waiting<M, Outcome>[] = [];
  #isAtWork = false;
  /** Actors whose changes run alone for a while. */
  readonly #aloneActors = new Set<string>();
  /** Members that run alone now. */
  readonly #alone = new Set<M>();

  constructor(commit: Commit<M, Outcome>) {
    this.#commit = commit;
  }

  /** Throws DEADLINE_EXCEEDED, and the errors of the member's own transaction. */
  async run(member: M): Promise<CommittedMember<Outcome>> {
    return await new Promise((resolve, reject) => {
      this.#queue.push({ member, resolve, reject, isAlone: this.#aloneActors.has(member.actorId) });
      void this.#work();
    });
  }

  /** Commits group after group, until the queue holds only members that wait for others. */
  async #work(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    for (;;) {
      // Requests that arrive in one turn of the event loop share a group.
      await endOfTurn();
      const group = this.#nextGroup();
      if (group.length === 0) break;
      await endOrTime(this.#commitAndDeliver(group), SLOW_MS);
    }
    this.#isAtWork = false;
  }

  /**
   * Takes the first members that change no row in common, nor one of a member that runs alone. Also starts
   * members that run alone, and drops those past their deadline.
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
   * Commits a group and waits briefly for the delivery of its events. The next group, and the consumer's next
   * batch, then hold all requests that came meanwhile.
   */
  async #commitAndDeliver(group: Waiting<M, Outcome>[]): Promise<void> {
    const { delivered } = await this.#commitTogether(group);
    // The members get the failure.
    await endOrTime(
      delivered.catch(() => {}),
      SLOW_DELIVERY_MS,
    );
  }

  /**
   * Never throws: each member gets its outcome, or runs alone next.
   *
   * @returns the delivery of the group's events, in an object, because `await` would also wait for a bare
   *   promise
   */
  async #commitTogether(group: Waiting<M, Outcome>[]): Promise<{ delivered: Promise<void> }> {
    const members = group.map(({ member }) => member);
    try {
      const { outcomes, delivered } = await inTraceOf(members, () => this.#commit(members, true));
      const missing: Waiting<M, Outcome>[] = [];
      for (const waiting of group) {
        // A commit has an outcome for each member.
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
      // A transaction of its own waits for locks, so its outcome is never MISSING.
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

/** Rows of a member that runs alone. Its actor counts as a row, so that no actor takes all connections. */
const rowsOfAlone = ({ rows, actorId }: Member): string[] => [...rows, actorId];

const isLate = ({ deadline = Number.POSITIVE_INFINITY }: Member): boolean => deadline <= Date.now();

/** Waits for work to end, but at most `ms`. */
async function endOrTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, time]);
  clearTimeout(timer);
}

/** Runs a group's work in the trace of a sampled member, to which the others' spans link. */
async function inTraceOf<T>(members: { context: Context }[], work: () => Promise<T>): Promise<T> {
  // A group has at least one member.
  if (members.length === 1) return await context.with(withBorrower(members[0]!.context, GROUPS), work);
  const isSampled = (context: Context) =>
    (trace.getSpanContext(context)?.traceFlags ?? 0) & TraceFlags.SAMPLED;
  const { context: parent } = members.find((member) => isSampled(member.context)) ?? members[0]!;
  const options = { kind: SpanKind.INTERNAL, parent: withBorrower(parent, GROUPS) };
  return await inSpan("commit group", options, (span) => {
    for (const { context } of members) {
      if (context !== parent) trace.getSpan(context)?.addLink({ context: span.spanContext() });
    }
    return work();
  });
}
