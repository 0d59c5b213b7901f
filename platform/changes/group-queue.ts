import { setImmediate as endOfTurn } from "node:timers/promises";
import { type Context, context, TraceFlags, trace } from "@opentelemetry/api";
import { GROUPS, withBorrower } from "../db/borrower.ts";
import { isRetryable } from "../db/errors.ts";
import { ApiError } from "../errors/api-error.ts";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";

/** Changes that one transaction takes. More would make each wait for the writes of too many others. */
const MAX_GROUP = 32;
/** Time after which the next group no longer waits for the one under way, whose connection may be dead. */
const SLOW_MS = 250;
/** Time after which the next group no longer waits for the delivery of events. Consumers usually take a few ms. */
const SLOW_DELIVERY_MS = 50;
/** Changes that go alone at once: half of a process's connections for transactions by default. */
const MAX_ALONE = 8;
/** Time for which an actor whose change failed a group goes alone, so that none fails groups again and again. */
const ALONE_MS = 1000;

/** A change on its way into a transaction. */
export interface Member {
  /** Ids of the rows that it changes. Two members of one group have none in common. */
  readonly rows: string[];
  readonly actorId: string;
  /** Time after which nobody waits for the change, so that it is better not made, in ms; absent: it is made anyway. */
  readonly deadline?: number;
  /** Context of its trace. */
  readonly context: Context;
}

/** A transaction that has committed. */
export interface GroupOutcome<M extends Member, Outcome> {
  /** Outcome of each member; MISSING in a shared transaction where a row was not found, as it may be locked. */
  outcomes: Map<M, Outcome | "MISSING">;
  /** Resolves when its events are delivered, or not waited for any more. */
  delivered: Promise<void>;
}

/** Commits changes in one transaction, which skips locked rows if it is shared. */
export type Commit<M extends Member, Outcome> = (
  members: M[],
  isShared: boolean,
) => Promise<GroupOutcome<M, Outcome>>;

/** Outcome of a member, and the delivery of its transaction's events. */
export interface Result<Outcome> {
  outcome: Outcome;
  delivered: Promise<void>;
}

interface Waiting<M extends Member, Outcome> {
  readonly member: M;
  readonly resolve: (result: Result<Outcome>) => void;
  readonly reject: (error: unknown) => void;
  /** It goes alone, because a group could not serve it. */
  isAlone: boolean;
}

/**
 * Group commit: one transaction and its delivery are under way, or a few if they are slow, and the changes that come meanwhile
 * share the next one. No group waits for a lock: a member whose rows are locked goes on alone, as does every member of a group
 * that failed. So a slow or failing change delays its neighbours by one round at most, and a change that finds nobody at work starts in
 * the same turn of the event loop. One member waits for a locked row with a connection; those behind it wait in the queue.
 */
export class GroupQueue<M extends Member, Outcome> {
  readonly #commit: Commit<M, Outcome>;
  #queue: Waiting<M, Outcome>[] = [];
  #isAtWork = false;
  /** Actors that go alone for a while. */
  readonly #aloneActors = new Set<string>();
  /** Members that go alone now. */
  readonly #alone = new Set<M>();

  constructor(commit: Commit<M, Outcome>) {
    this.#commit = commit;
  }

  /** Throws DEADLINE_EXCEEDED, and the errors of a transaction that the member had for itself. */
  async run(member: M): Promise<Result<Outcome>> {
    return await new Promise((resolve, reject) => {
      this.#queue.push({ member, resolve, reject, isAlone: this.#aloneActors.has(member.actorId) });
      void this.#work();
    });
  }

  /** Commits group after group, until the queue holds only members that wait for others to end. */
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
   * The first members that change no row in common, nor one of a member that goes alone. Members that go alone start, and
   * those past their deadline leave the queue.
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
   * Commits a group, and waits a little for the delivery of its events: the next group then holds the requests of both times,
   * and the consumer's batch does, too.
   */
  async #commitAndDeliver(group: Waiting<M, Outcome>[]): Promise<void> {
    const { delivered } = await this.#commitTogether(group);
    // Its members are told of a failure.
    await endOrTime(
      delivered.catch(() => {}),
      SLOW_DELIVERY_MS,
    );
  }

  /**
   * Never fails: each member has its outcome, or goes on alone.
   *
   * @returns the delivery of the group's events, in an object, as `await` would wait for a bare promise, too
   */
  async #commitTogether(group: Waiting<M, Outcome>[]): Promise<{ delivered: Promise<void> }> {
    const members = group.map(({ member }) => member);
    try {
      const { outcomes, delivered } = await inTraceOf(members, () => this.#commit(members, true));
      const missing: Waiting<M, Outcome>[] = [];
      for (const waiting of group) {
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

  /** Has members of a group go on alone, in their place of the queue. */
  #leaveAlone(members: Waiting<M, Outcome>[]): void {
    for (const member of members) member.isAlone = true;
    this.#queue.unshift(...members);
    void this.#work();
  }

  async #goAlone({ member, resolve, reject }: Waiting<M, Outcome>): Promise<void> {
    this.#alone.add(member);
    try {
      const { outcomes, delivered } = await context.with(member.context, () => this.#commit([member], false));
      // A transaction that waits for locks misses no row.
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

/** Rows of a member that goes alone. Its actor counts as one, so that no actor takes the connections of all. */
const rowsOfAlone = ({ rows, actorId }: Member): string[] => [...rows, actorId];

const isLate = ({ deadline = Number.POSITIVE_INFINITY }: Member): boolean => deadline <= Date.now();

/** Waits for work to end, but only so long. */
async function endOrTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, time]);
  clearTimeout(timer);
}

/** Runs a group's work for no caller, in the trace of a member that is sampled, if one is. The others' spans link to the group's. */
async function inTraceOf<T>(members: { context: Context }[], work: () => Promise<T>): Promise<T> {
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
