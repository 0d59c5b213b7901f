import { context } from "@opentelemetry/api";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { AuditedTransactions } from "./audited-transactions.ts";
import { firstAnswer } from "./first-answer.ts";
import { type GroupOutcome, GroupQueue, type Member } from "./group-queue.ts";
import type { Idempotency } from "./idempotency.ts";
import type { Completion, PendingCall } from "./pending-call.ts";

/** The end of a use case that `begin` has begun, whose concurrent ends share transactions. Told as data, as a `GroupedUseCase`. */
export interface GroupedEnd<Outcome, Facts, Response> {
  /** Ids of the rows that an outcome changes. Two outcomes of one group have none in common. */
  rowsOf: (outcome: Outcome) => string[];
  /** Locks the rows of the outcomes; undefined where a row is missing. */
  lock: (tx: Transaction, outcomes: Outcome[]) => Promise<(Facts | undefined)[]>;
  /** Writes what the outcomes come to. @returns the endings in their order */
  write: (tx: Transaction, ended: { facts: Facts; outcome: Outcome }[]) => Completion<Response>[];
}

interface Ended<Outcome, Response> extends Member {
  readonly begun: PendingCall<Response>;
  readonly outcome: Outcome;
}

interface Settled<Response> {
  answer: Response | ApiError;
  /** The key had no answer before. */
  isFirst: boolean;
}

export interface GroupFinishOptions {
  transactions: AuditedTransactions;
  idempotency: Idempotency;
}

/** Ends use cases in groups, each with its key's answer. */
export class GroupFinish<Outcome, Facts, Response> {
  readonly #options: GroupFinishOptions;
  readonly #end: GroupedEnd<Outcome, Facts, Response>;
  readonly #queue: GroupQueue<Ended<Outcome, Response>, Settled<Response>>;

  constructor(options: GroupFinishOptions, end: GroupedEnd<Outcome, Facts, Response>) {
    this.#options = options;
    this.#end = end;
    this.#queue = new GroupQueue((members, isShared) => this.#commit(members, isShared));
  }

  /** @returns the key's first answer */
  async run(begun: PendingCall<Response>, outcome: Outcome): Promise<Response | ApiError> {
    const rows = this.#end.rowsOf(outcome);
    // Without a deadline: the provider has acted.
    const member = { begun, outcome, rows, actorId: begun.actorId, context: context.active() };
    const { outcome: settled, delivered } = await this.#queue.run(member);
    await delivered;
    return await firstAnswer(this.#options.idempotency, begun, settled);
  }

  async #commit(
    members: Ended<Outcome, Response>[],
    isShared: boolean,
  ): Promise<GroupOutcome<Ended<Outcome, Response>, Settled<Response>>> {
    const { transactions, idempotency } = this.#options;
    const { result: outcomes, delivered } = await transactions.commit(
      async (tx) => {
        const outcomes = members.map(({ outcome }) => outcome);
        const keyIds = members.map(({ begun }) => begun.keyId);
        // The rows before the keys, as `begin` locks them.
        const [facts, isOpen] = await Promise.all([
          this.#end.lock(tx, outcomes),
          idempotency.lockReserved(tx, ...keyIds),
        ]);
        const ended = members.flatMap((member, i) => {
          const found = facts[i];
          return found === undefined ? [] : { member, facts: found, outcome: member.outcome };
        });
        const endings = this.#end.write(tx, ended);
        const causes = ended.map(({ member: { begun, context } }, i) => ({
          entries: endings[i]!.entries,
          actorId: begun.actorId,
          call: begun.call,
          context,
        }));
        const settled = new Map<Ended<Outcome, Response>, Settled<Response> | "MISSING">();
        for (const member of members) settled.set(member, "MISSING");
        for (const [i, { member }] of ended.entries()) {
          const { keyId, definition } = member.begun;
          const { answer } = endings[i]!;
          const isFirst = isOpen(keyId);
          const bytes = answer instanceof ApiError ? answer : definition.responseSerialize(answer);
          if (isFirst) idempotency.keepReserved(tx, keyId, bytes);
          settled.set(member, { answer, isFirst });
        }
        return { result: settled, causes };
      },
      { skipsLocked: isShared, ...(isShared && { mayRetry: async () => false }) },
    );
    return { outcomes, delivered };
  }
}
