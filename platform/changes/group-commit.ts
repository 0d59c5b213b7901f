import { context } from "@opentelemetry/api";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { Clocks } from "../time/clock.ts";
import type { AuditEntry, Cause } from "./audit-entry.ts";
import type { AuditedTransactions } from "./audited-transactions.ts";
import { type CommittedGroup, GroupQueue, type Member } from "./group-queue.ts";
import {
  type Answer,
  type Idempotency,
  inProgress,
  KEPT_MS,
  KEPT_WITH_PROVIDER_MS,
  UNCHANGED,
} from "./idempotency.ts";
import type { IdempotencyKey } from "./idempotency-store.ts";

/**
 * A use case whose concurrent requests share transactions, which saves round trips and commits. `GroupCommit`
 * decides which requests share a transaction, and calls the functions of this interface.
 *
 * ```ts
 * const bookings = perApp((app: Scheduling) =>
 *   app.calls.grouped<CreateBookingRequest, LockedSlot, BookingRow, Booking>({
 *     rowsOf: ({ request }) => [request.slotId], // requests for one slot never share a transaction
 *     lock: (tx, asked) => lockSlots(tx, asked.map(({ request }) => request.slotId)), // one SELECT for all
 *     decide: (slot, asked, now) => newBooking(slot, asked, now), // throws a refusal of this request
 *     write: (tx, rows) => insertBookings(tx, rows), // one INSERT for all
 *   }),
 * );
 * await bookings(app)(request, call); // runs alone or with others; the caller cannot tell
 * ```
 */
export interface GroupedUseCase<Request, Facts, Plan, Response> {
  /** Ids of the rows that a request changes. Requests with a common row never share a transaction. */
  rowsOf: (asked: Asked<Request>) => string[];
  /**
   * Locks the rows of all requests and reads the facts for `decide`, in few round trips. Returns one result
   * per request, in order. A result is undefined if one of the rows is missing. In a shared transaction, it
   * is also undefined if another transaction has locked one of the rows.
   *
   * @param isShared false for a request that runs alone. Only then may `lock` insert missing rows, because an
   *   insertion waits for locks
   */
  lock: (
    tx: Transaction,
    asked: Asked<Request>[],
    now: Date,
    isShared: boolean,
  ) => Promise<(Facts | undefined)[]>;
  /** Decides one request by pure rules, without the database. Throws an error to refuse the request. */
  decide: (facts: Facts | undefined, asked: Asked<Request>, now: Date) => Plan;
  /**
   * Writes all plans, each of which changes something. @returns the response and audit entries of each plan,
   * in order
   */
  write: (tx: Transaction, plans: Plan[], now: Date) => { response: Response; entries: AuditEntry[] }[];
}

export interface Asked<Request> {
  readonly request: Request;
  readonly call: Call;
}

/** A request in the queue. */
interface Asking<Request> extends Asked<Request>, Member {
  readonly key: IdempotencyKey | undefined;
}

/** Outcome of a request in a transaction. USED: an earlier request had the same idempotency key. */
type MemberOutcome<Response> = { response: Response } | { refusal: unknown } | "USED";

export interface GroupCommitOptions extends Clocks {
  transactions: AuditedTransactions;
  idempotency: Idempotency;
}

/**
 * Runs the requests of one use case in groups, and stores each answer with the idempotency key of its
 * request. With `isReserving`, stores the key of a successful request without an answer; `groupedFinish` adds
 * the answer later. `groupedBegin` sets `isReserving`.
 */
export class GroupCommit<Request, Facts, Plan, Response> {
  readonly #options: GroupCommitOptions;
  readonly #useCase: GroupedUseCase<Request, Facts, Plan, Response>;
  readonly #isReserving: boolean;
  readonly #queue: GroupQueue<Asking<Request>, MemberOutcome<Response>>;

  constructor(
    options: GroupCommitOptions,
    useCase: GroupedUseCase<Request, Facts, Plan, Response>,
    isReserving = false,
  ) {
    this.#isReserving = isReserving;
    this.#options = options;
    this.#useCase = useCase;
    this.#queue = new GroupQueue((members, isShared) =>
      // biome-ignore lint/style/noNonNullAssertion: the queue commits at least one member
      isShared ? this.#commit(members, true) : this.#commitAlone(members[0]!),
    );
  }

  /**
   * Runs one request. If its idempotency key was used before, marks the call as replayed.
   * @returns the response, or the stored response if the key was used before
   */
  async run(request: Request, call: Call): Promise<Response> {
    const { idempotency, clock } = this.#options;
    const key = idempotency.keyOf(call, clock.now(), this.#isReserving ? KEPT_WITH_PROVIDER_MS : KEPT_MS);
    const rows = this.#useCase.rowsOf({ request, call });
    const { deadline } = call;
    const member = { request, call, key, rows, actorId: actorOf(call), deadline, context: context.active() };
    const { outcome, delivered } = await this.#queue.run(member);
    if (outcome === "USED") {
      // biome-ignore lint/style/noNonNullAssertion: only a member with a key can be USED
      const first = await idempotency.firstResponse<Response>(call, key!, clock);
      if (first === UNCHANGED) throw new Error(`${call.method.path} keeps every answer`);
      return first ? first.response : await this.run(request, call);
    }
    if ("refusal" in outcome) throw outcome.refusal;
    await delivered;
    return outcome.response;
  }

  async #commitAlone(
    member: Asking<Request>,
  ): Promise<CommittedGroup<Asking<Request>, MemberOutcome<Response>>> {
    const { idempotency } = this.#options;
    const { key } = member;
    try {
      return await this.#commit([member], false);
    } catch (error) {
      if (key && idempotency.isTaken(error)) {
        return { outcomes: new Map([[member, "USED"]]), delivered: Promise.resolve() };
      }
      if (key && (await idempotency.isInProgress(error, key))) throw inProgress();
      throw error;
    }
  }

  async #commit(
    members: Asking<Request>[],
    isShared: boolean,
  ): Promise<CommittedGroup<Asking<Request>, MemberOutcome<Response>>> {
    const { transactions, clock, businessClock, idempotency } = this.#options;
    const useCase = this.#useCase;
    const { result: outcomes, delivered } = await transactions.commit(
      async (tx) => {
        const now = businessClock.now();
        const keys = members.flatMap(({ key }) => key ?? []);
        const [facts, isUsed] = await Promise.all([
          useCase.lock(tx, members, now, isShared),
          idempotency.findUsed(tx, keys, clock.now()),
        ]);
        const outcomes = new Map<Asking<Request>, MemberOutcome<Response> | "MISSING">();
        const planned: { member: Asking<Request>; plan: Plan }[] = [];
        for (const [i, member] of members.entries()) {
          if (member.key && isUsed(member.key)) outcomes.set(member, "USED");
          else if (facts[i] === undefined && isShared) outcomes.set(member, "MISSING");
          else {
            try {
              planned.push({ member, plan: useCase.decide(facts[i], member, now) });
            } catch (refusal) {
              outcomes.set(member, { refusal });
            }
          }
        }
        const { responses, causes } = this.#write(tx, planned, now);
        // biome-ignore lint/style/noNonNullAssertion: `#write` returns a response for each plan
        for (const [i, { member }] of planned.entries()) outcomes.set(member, { response: responses[i]! });
        if (this.#isReserving)
          idempotency.reserve(tx, ...planned.flatMap(({ member: { key } }) => key ?? []));
        idempotency.keepAll(tx, answersToKeep(outcomes, this.#isReserving));
        return { result: outcomes, causes };
      },
      { skipsLocked: isShared, ...(isShared && { mayRetry: async () => false }) },
    );
    return { outcomes, delivered };
  }

  #write(
    tx: Transaction,
    planned: { member: Asking<Request>; plan: Plan }[],
    now: Date,
  ): { responses: Response[]; causes: Cause[] } {
    if (planned.length === 0) return { responses: [], causes: [] };
    const written = this.#useCase.write(
      tx,
      planned.map(({ plan }) => plan),
      now,
    );
    const causes = planned.map(({ member: { call, actorId, context } }, i) => ({
      // biome-ignore lint/style/noNonNullAssertion: `write` returns a result for each plan
      entries: written[i]!.entries,
      actorId,
      call,
      context,
    }));
    return { responses: written.map(({ response }) => response), causes };
  }
}

/**
 * Selects the answers to store with the idempotency keys of a group: responses, and refusals that the error
 * catalogue marks as `isKept`. With `isReserving`, omits the responses, which `groupedFinish` stores later.
 */
function answersToKeep<Request, Response>(
  outcomes: Map<Asking<Request>, MemberOutcome<Response> | "MISSING">,
  isReserving: boolean,
): [IdempotencyKey, Answer][] {
  return [...outcomes].flatMap(([{ key, call }, outcome]): [IdempotencyKey, Answer][] => {
    if (!key || typeof outcome === "string") return [];
    if ("response" in outcome && isReserving) return [];
    if ("response" in outcome) return [[key, call.definition.responseSerialize(outcome.response)]];
    const { refusal } = outcome;
    return refusal instanceof ApiError && refusal.rule.isKept ? [[key, refusal]] : [];
  });
}
