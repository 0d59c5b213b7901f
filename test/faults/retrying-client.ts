import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import type { Json } from "../support/api.ts";
import { CallStats } from "./call-stats.ts";
import type { HttpClient, Outcome, Sent } from "./http-client.ts";
import type { Random } from "./random.ts";

/**
 * True if the system stores a refusal for this reason with the idempotency key. Without that, the same call
 * may succeed later, for example after another person acts.
 */
const isKept = (reason = ""): boolean => catalogue.get(reason)?.isKept === true;

const RETRY_MS = 250;
/**
 * Maximum time of a call with its repetitions. If its outcome is still unknown then, the call is a violation.
 */
const GIVE_UP_MS = 90_000;

export interface RetryingClientOptions<Operation extends string> {
  /** Access token; absent for an anonymous caller. */
  token?: string;
  http: Pick<HttpClient, "send">;
  random: Random;
  /** Reasons for which each operation may be refused. */
  expected: Record<Operation, readonly string[]>;
}

/** Outcome of a call that was repeated until it succeeded or was refused. */
export interface Decision extends Outcome {
  /**
   * False if the call may still take effect. Some refusals are not stored with the idempotency key, so an
   * earlier attempt of the same call may still succeed.
   */
  isFinal: boolean;
}

/** A user's client. It repeats each change with the same idempotency key until the outcome is known. */
export class RetryingClient<Operation extends string> {
  /** Statistics in which each response is counted. */
  callStats = new CallStats();
  readonly #options: RetryingClientOptions<Operation>;

  constructor(options: RetryingClientOptions<Operation>) {
    this.#options = options;
  }

  /** Sends a read once, without retries. */
  async look(operation: Operation, call: string): Promise<Outcome> {
    return this.#count(operation, await this.#options.http.send(call, this.#identity));
  }

  /**
   * Sends a change with a new idempotency key. Repeats it with the same key until it succeeds or is refused.
   */
  async decide(operation: Operation, call: string, body: Json): Promise<Decision> {
    return await this.insist(operation, call, { key: randomUUID(), body });
  }

  /** Repeats a call with the given idempotency key until it succeeds or is refused. */
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
