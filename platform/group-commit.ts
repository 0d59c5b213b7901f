import { type Context, context, TraceFlags, trace } from "@opentelemetry/api";
import type { Changes, ChangesOptions, Trail } from "./changes.ts";
import { isRetryable } from "./db/errors.ts";
import type { Transaction } from "./db/transaction.ts";
import { ApiError } from "./errors/api-error.ts";
import { actorOf, type Call } from "./grpc/call.ts";
import { type Answer, type IdempotencyKey, inProgress, KEPT_MS } from "./idempotency.ts";
import type { Delivery } from "./outbox/event.ts";
import { inSpan, SpanKind } from "./telemetry/tracing.ts";

/** Requests that one transaction takes. More would make each wait for the writes of too many others. */
const MAX_GROUP = 32;
/** Time after which the next group no longer waits for the one under way, whose connection may be dead. */
const SLOW_MS = 250;
/** Requests that go alone at once: half of a process's connections for transactions by default. */
const MAX_ALONE = 8;
/** Time for which a caller whose request failed a group goes alone, so that none fails groups again and again. */
const ALONE_MS = 1000;

/**
 * A use case whose concurrent requests share transactions. It says what it needs, reads and writes; whether a request is
 * alone in its transaction is not its business.
 */
export interface GroupedUseCase<Request, Facts, Plan, Response> {
  /** Ids of the rows that a request changes. Two requests of one group have none in common. */
  rowsOf: (asked: Asked<Request>) => string[];
  /** Makes rows that `lock` may miss, for a request that is alone. */
  prepare: (tx: Transaction, asked: Asked<Request>) => void;
  /** Locks the rows of the requests and reads what `decide` needs, in few round trips; undefined where a row is missing. */
  lock: (tx: Transaction, asked: Asked<Request>[], now: Date) => Promise<(Facts | undefined)[]>;
  /** Decides one request by pure rules. Throws its refusal. */
  decide: (facts: Facts | undefined, asked: Asked<Request>, now: Date) => Plan;
  /** Writes what was decided. @returns what each plan came to, in their order */
  write: (tx: Transaction, plans: Plan[], now: Date) => { response: Response; trails: Trail[] }[];
}

export interface Asked<Request> {
  readonly request: Request;
  readonly call: Call;
}

/** A request on its way into a transaction. */
interface Member<Request, Response> extends Asked<Request> {
  readonly key: IdempotencyKey | undefined;
  readonly rows: string[];
  /** Context of the request's trace. */
  readonly context: Context;
  readonly resolve: (response: Response | PromiseLike<Response>) => void;
  readonly reject: (error: unknown) => void;
  /** It goes alone, because a group could not serve it. */
  isAlone: boolean;
}

/** Result of a round for a member. MISSING: a row was not found, so it may be locked. USED: its key was used before. */
type Settled<Response> =
  | { response: Response; deliveries: Delivery[] }
  | { refusal: unknown }
  | "MISSING"
  | "USED";

/**
 * Group commit: one transaction is under way, or a few if they are slow, and the requests that come meanwhile share the next
 * one. No group waits for a lock: a member whose rows are locked goes on alone, as does every member of a group that failed.
 * So a slow or failing request delays its neighbours by one round at most, and a request that finds nobody at work starts at
 * once. One member waits for a locked row with a connection; those behind it wait in the queue.
 */
export class GroupCommit<Request, Facts, Plan, Response> {
  readonly #options: ChangesOptions;
  readonly #changes: Pick<Changes, "recordAll">;
  readonly #useCase: GroupedUseCase<Request, Facts, Plan, Response>;
  #queue: Member<Request, Response>[] = [];
  #isAtWork = false;
  /** Actors that go alone for a while. */
  readonly #aloneActors = new Set<string>();
  /** Members that go alone now. */
  readonly #alone = new Set<Member<Request, Response>>();

  constructor(
    options: ChangesOptions,
    changes: Pick<Changes, "recordAll">,
    useCase: GroupedUseCase<Request, Facts, Plan, Response>,
  ) {
    this.#options = options;
    this.#changes = changes;
    this.#useCase = useCase;
  }

  async run(request: Request, call: Call): Promise<Response> {
    const key = this.#options.idempotency.keyOf(call, this.#options.clock.now(), KEPT_MS);
    const rows = this.#useCase.rowsOf({ request, call });
    return await new Promise((resolve, reject) => {
      this.#queue.push({
        request,
        call,
        key,
        rows,
        context: context.active(),
        resolve,
        reject,
        isAlone: this.#aloneActors.has(actorOf(call)),
      });
      void this.#work();
    });
  }

  /** Commits group after group, until the queue holds only members that wait for others to end. */
  async #work(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      await endOrTime(this.#commitTogether(group), SLOW_MS);
    }
    this.#isAtWork = false;
  }

  /**
   * The first members that change no row in common, nor one of a member that goes alone. Members that go alone start, and
   * those past their deadline leave the queue.
   */
  #nextGroup(): Member<Request, Response>[] {
    const taken = new Set([...this.#alone].flatMap(rowsOfAlone));
    const group: Member<Request, Response>[] = [];
    const left: Member<Request, Response>[] = [];
    for (const member of this.#queue) {
      const rows = member.isAlone ? rowsOfAlone(member) : member.rows;
      const isFull = member.isAlone ? this.#alone.size >= MAX_ALONE : group.length === MAX_GROUP;
      if (isLate(member)) member.reject(late());
      else if (isFull || rows.some((row) => taken.has(row))) left.push(member);
      else {
        for (const row of rows) taken.add(row);
        if (member.isAlone) this.#goAlone(member);
        else group.push(member);
      }
    }
    this.#queue = left;
    return group;
  }

  /** Never fails: each member is answered, or goes on alone. */
  async #commitTogether(group: Member<Request, Response>[]): Promise<void> {
    try {
      const settled = await inTraceOf(group, () => this.#commit(group, true));
      const isMissing = (member: Member<Request, Response>) => settled.get(member) === "MISSING";
      for (const member of group) if (!isMissing(member)) this.#answer(member, settled.get(member)!);
      this.#leaveAlone(group.filter(isMissing));
    } catch (error) {
      const isAway = error instanceof ApiError && error.rule.httpStatus >= 500 && !isRetryable(error);
      if (isAway) for (const member of group) member.reject(error);
      else this.#leaveAlone(group);
    }
  }

  /** Has members of a group go on alone, in their place of the queue. */
  #leaveAlone(members: Member<Request, Response>[]): void {
    for (const member of members) member.isAlone = true;
    this.#queue.unshift(...members);
    void this.#work();
  }

  #goAlone(member: Member<Request, Response>): void {
    this.#alone.add(member);
    const settled = context.with(member.context, () => this.#settleAlone(member));
    const isOver = () => {
      this.#alone.delete(member);
      void this.#work();
    };
    settled.then(isOver, isOver);
    this.#answer(member, settled);
  }

  #answer(member: Member<Request, Response>, settled: Settled<Response> | Promise<Settled<Response>>): void {
    member.resolve(context.with(member.context, async () => this.#responseOf(member, await settled)));
  }

  async #settleAlone(member: Member<Request, Response>): Promise<Settled<Response>> {
    const { idempotency } = this.#options;
    const { key, call } = member;
    try {
      return (await this.#commit([member], false)).get(member)!;
    } catch (error) {
      this.#keepAlone(actorOf(call));
      if (key && idempotency.isTaken(error)) return "USED";
      if (key && (await idempotency.isInProgress(error, key))) throw inProgress();
      throw error;
    }
  }

  #keepAlone(actorId: string): void {
    this.#aloneActors.add(actorId);
    setTimeout(() => this.#aloneActors.delete(actorId), ALONE_MS).unref();
  }

  async #responseOf(member: Member<Request, Response>, settled: Settled<Response>): Promise<Response> {
    const { idempotency, clock, relay } = this.#options;
    if (settled === "USED") {
      const first = await idempotency.firstResponse<Response>(member.call, member.key!, clock);
      return first ? first.response : await this.run(member.request, member.call);
    }
    if (settled === "MISSING") throw new Error("a request that is alone misses no row");
    if ("refusal" in settled) throw settled.refusal;
    await relay.send(settled.deliveries);
    return settled.response;
  }

  /** @param isShared the transaction does not wait for locks */
  async #commit(
    members: Member<Request, Response>[],
    isShared: boolean,
  ): Promise<Map<Asked<Request>, Settled<Response>>> {
    const { db, clock, idempotency } = this.#options;
    const useCase = this.#useCase;
    return await db.transaction(
      async (tx) => {
        const now = clock.now();
        if (!isShared) useCase.prepare(tx, members[0]!);
        const keys = members.flatMap(({ key }) => key ?? []);
        const [facts, isUsed] = await Promise.all([
          useCase.lock(tx, members, now),
          idempotency.findUsed(tx, keys, now),
        ]);
        const settled = new Map<Member<Request, Response>, Settled<Response>>();
        const planned: { member: Member<Request, Response>; plan: Plan }[] = [];
        for (const [i, member] of members.entries()) {
          if (member.key && isUsed(member.key)) settled.set(member, "USED");
          else if (facts[i] === undefined && isShared) settled.set(member, "MISSING");
          else {
            try {
              planned.push({ member, plan: useCase.decide(facts[i], member, now) });
            } catch (refusal) {
              settled.set(member, { refusal });
            }
          }
        }
        for (const [member, written] of this.#write(tx, planned, now)) settled.set(member, written);
        idempotency.keepAll(tx, answersToKeep(settled));
        return settled;
      },
      { skipsLocked: isShared, ...(isShared && { mayRetry: async () => false }) },
    );
  }

  /** Writes plans with their audit lines and events. */
  #write(
    tx: Transaction,
    planned: { member: Member<Request, Response>; plan: Plan }[],
    now: Date,
  ): [Member<Request, Response>, Settled<Response>][] {
    if (planned.length === 0) return [];
    const written = this.#useCase.write(
      tx,
      planned.map(({ plan }) => plan),
      now,
    );
    const causes = planned.map(({ member: { call, context } }, i) => ({
      trails: written[i]!.trails,
      actorId: actorOf(call),
      call,
      context,
    }));
    const deliveries = this.#changes.recordAll(tx, causes);
    return planned.map(({ member }, i) => [
      member,
      { response: written[i]!.response, deliveries: deliveries[i]! },
    ]);
  }
}

/** Rows of a member that goes alone. Its actor counts as one, so that no actor takes the connections of all. */
const rowsOfAlone = ({ rows, call }: { rows: string[]; call: Call }): string[] => [...rows, actorOf(call)];

/** Waits for work to end, but only so long. */
async function endOrTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, time]);
  clearTimeout(timer);
}

/** True if nobody waits for the answer any more, so that the change is better not made. */
const isLate = ({ call }: { call: Call }) => call.deadline <= Date.now();
const late = () => new ApiError("DEADLINE_EXCEEDED");

/** Answers that their keys give again: responses, and refusals that nothing lifts. */
function answersToKeep<Request, Response>(
  settled: Map<Member<Request, Response>, Settled<Response>>,
): [IdempotencyKey, Answer][] {
  return [...settled].flatMap(([{ key, call }, outcome]): [IdempotencyKey, Answer][] => {
    if (!key || typeof outcome === "string") return [];
    if ("response" in outcome) return [[key, call.definition.responseSerialize(outcome.response)]];
    const { refusal } = outcome;
    return refusal instanceof ApiError && refusal.rule.isKept ? [[key, refusal]] : [];
  });
}

/** Runs a group's work in the trace of a member that is sampled, if one is. The others' spans link to the group's. */
async function inTraceOf<T>(members: { context: Context }[], work: () => Promise<T>): Promise<T> {
  if (members.length === 1) return await context.with(members[0]!.context, work);
  const isSampled = (context: Context) =>
    (trace.getSpanContext(context)?.traceFlags ?? 0) & TraceFlags.SAMPLED;
  const { context: parent } = members.find((member) => isSampled(member.context)) ?? members[0]!;
  return await inSpan("commit group", { kind: SpanKind.INTERNAL, parent }, (span) => {
    for (const { context } of members) {
      if (context !== parent) trace.getSpan(context)?.addLink({ context: span.spanContext() });
    }
    return work();
  });
}
