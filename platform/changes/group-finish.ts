import { context } from "@opentelemetry/api";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { AuditedTransactions } from "./audited-transactions.ts";
import type { Effect } from "./effect.ts";
import { firstAnswer } from "./first-answer.ts";
import { type CommittedGroup, GroupQueue, type Member } from "./group-queue.ts";
import type { Idempotency } from "./idempotency.ts";
import type { PendingCall } from "./pending-call.ts";

/**
 * Second half of a use case that calls a provider, such as a payment. `groupedBegin` runs the first half.
 * This half stores the outcome of the call. Outcomes of concurrent calls share transactions.
 */
export interface GroupedEnd<Outcome, Facts, Response> {
  /** Ids of the rows that an outcome changes. Outcomes with a common row never share a transaction. */
  rowsOf: (outcome: Outcome) => string[];
  /**
   * Locks the rows of all outcomes. Returns one result per outcome, in order. A result is undefined if one of
   * the rows is missing. In a shared transaction, it is also undefined if another transaction has locked one
   * of the rows.
   */
  lock: (tx: Transaction, outcomes: Outcome[]) => Promise<(Facts | undefined)[]>;
  /** Writes all outcomes. @returns the answer and audit entries of each, in order */
  write: (tx: Transaction, ended: { facts: Facts; outcome: Outcome }[]) => Effect<Response>[];
}

interface Ended<Outcome, Response> extends Member {
  readonly pending: PendingCall<Response>;
  readonly outcome: Outcome;
}

/**
 * Answer to a completed call. `GroupFinish` stores the answer only if the idempotency key has none yet
 * (`isFirst`).
 */
interface KeyedAnswer<Response> {
  answer: Response | ApiError;
  /** True if the idempotency key had no answer yet. */
  isFirst: boolean;
}

export interface GroupFinishOptions {
  transactions: AuditedTransactions;
  idempotency: Idempotency;
}

/**
 * Completes the calls of one use case in groups: stores the outcomes, and the answer to each call with the
 * idempotency key of the call.
 */
export class GroupFinish<Outcome, Facts, Response> {
  readonly #options: GroupFinishOptions;
  readonly #end: GroupedEnd<Outcome, Facts, Response>;
  readonly #queue: GroupQueue<Ended<Outcome, Response>, KeyedAnswer<Response>>;

  constructor(options: GroupFinishOptions, end: GroupedEnd<Outcome, Facts, Response>) {
    this.#options = options;
    this.#end = end;
    this.#queue = new GroupQueue((members, isShared) => this.#commit(members, isShared));
  }

  /** Completes one call. @returns the answer stored with the call's idempotency key */
  async run(pending: PendingCall<Response>, outcome: Outcome): Promise<Response | ApiError> {
    const rows = this.#end.rowsOf(outcome);
    // No deadline: the provider has acted, so the outcome must be stored even if the caller no longer waits.
    const member = { pending, outcome, rows, actorId: pending.actorId, context: context.active() };
    const { outcome: answer, delivered } = await this.#queue.run(member);
    await delivered;
    return await firstAnswer(this.#options.idempotency, pending, answer);
  }

  async #commit(
    members: Ended<Outcome, Response>[],
    isShared: boolean,
  ): Promise<CommittedGroup<Ended<Outcome, Response>, KeyedAnswer<Response>>> {
    const { transactions, idempotency } = this.#options;
    const { result: outcomes, delivered } = await transactions.commit(
      async (tx) => {
        const outcomes = members.map(({ outcome }) => outcome);
        const keyIds = members.map(({ pending }) => pending.keyId);
        // Locks the rows of the use case before the rows of the idempotency keys. `groupedBegin` and `finish`
        // use the same order, which avoids deadlocks.
        const [facts, isOpen] = await Promise.all([
          this.#end.lock(tx, outcomes),
          idempotency.lockReserved(tx, ...keyIds),
        ]);
        const ended = members.flatMap((member, i) => {
          const found = facts[i];
          return found === undefined ? [] : { member, facts: found, outcome: member.outcome };
        });
        const effects = this.#end.write(tx, ended);
        const causes = ended.map(({ member: { pending, context } }, i) => ({
          // biome-ignore lint/style/noNonNullAssertion: `write` returns an effect for each ended member
          entries: effects[i]!.entries,
          actorId: pending.actorId,
          call: pending.call,
          context,
        }));
        const answers = new Map<Ended<Outcome, Response>, KeyedAnswer<Response> | "MISSING">();
        for (const member of members) answers.set(member, "MISSING");
        for (const [i, { member }] of ended.entries()) {
          const { keyId, definition } = member.pending;
          // biome-ignore lint/style/noNonNullAssertion: `write` returns an effect for each ended member
          const { response: answer } = effects[i]!;
          const isFirst = isOpen(keyId);
          const bytes = answer instanceof ApiError ? answer : definition.responseSerialize(answer);
          if (isFirst) idempotency.keepReserved(tx, keyId, bytes);
          answers.set(member, { answer, isFirst });
        }
        return { result: answers, causes };
      },
      { skipsLocked: isShared, ...(isShared && { mayRetry: async () => false }) },
    );
    return { outcomes, delivered };
  }
}
