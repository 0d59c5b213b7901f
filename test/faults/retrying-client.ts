import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import type { Json } from "../support/api.ts";
import { CallStats } from "./call-stats.ts";
import type { HttpClient, Outcome, Sent } from "./http-client.ts";
import type { Random } from "./random.ts";

/**
 * True if a refusal is stored with its idempotency key. Other refusals may be lifted by time or by another
 * person.
 */
const isKept = (reason = ""): boolean => catalogue.get(reason)?.isKept === true;

const RETRY_MS = 250;
/** A call whose outcome is unknown after this time counts as stuck. */
const GIVE_UP_MS = 90_000;

export interface RetryingClientOptions<Operation extends string> {
  /** Absent for an anonymous caller. */
  token?: string;
  http: Pick<HttpClient, "send">;
  random: Random;
  /** Legitimate refusals by operation. */
  expected: Record<Operation, readonly string[]>;
}

/** Outcome of a call that was repeated until it succeeded or was refused. */
export interface Decision extends Outcome {
  /**
   * False if the call may still take effect: some refusals are not stored under the key, so an earlier
   * attempt in progress may still succeed.
   */
  isFinal: boolean;
}

/** A user's client that repeats each change with the same idempotency key until its outcome is known. */
export class RetryingClient<Operation extends string> {
  /** Statistics to which each response is added. */
  callStats = new CallStats();
  readonly #options: RetryingClientOptions<Operation>;

  constructor(options: RetryingClientOptions<Operation>) {
    this.#options = options;
  }

  /** Sends a read once. */
  async look(operation: Operation, call: string): Promise<Outcome> {
    return this.#count(operation, await this.#options.http.send(call, this.#identity));
  }

  /** Repeats a change until it is done or refused. */
  async decide(operation: Operation, call: string, body: Json): Promise<Decision> {
    return await this.insist(operation, call, { key: randomUUID(), body });
  }

  /** Repeats a call with the given key until it is done or refused. */
  async insist(operation: Operation, call: string, asked: Sent = {}): Promise<Decision> {
    const { http, random } = this.#options;
    const sent: Sent = { ...this.#identity, ...asked };
    const deadline = Date.now() + GIVE_UP_MS;
    for (let unanswered = 0; ; unanswered++) {
      const outcome = this.#count(operation, await http.send(call, sent));
      const isFinal =
        outcome.kind !== "unknown" && (unanswered === 0 || outcome.kind === "ok" || isKept(outcome.reason));
      if (outcome.kind !== "unknown") return { ...outcome, isFinal };
      if (Date.now() > deadline) {
        this.violate(`${operation} was never decided: ${outcome.status} ${outcome.reason}`);
        return { ...outcome, isFinal };
      }
      await delay(RETRY_MS * (0.5 + random.next()));
    }
  }

  violate(what: string): void {
    this.callStats.violate(what);
  }

  get #identity(): Sent {
    const { token } = this.#options;
    return token === undefined ? {} : { token };
  }

  #count(operation: Operation, outcome: Outcome): Outcome {
    this.callStats.add(operation, outcome, this.#options.expected[operation]);
    return outcome;
  }
}
