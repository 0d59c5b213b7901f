import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { catalogue } from "@medconnect/platform/errors/catalogue.ts";
import type { Json } from "../support/api.ts";
import { CallStats } from "./call-stats.ts";
import type { HttpClient, Outcome, Sent } from "./http-client.ts";
import type { Random } from "./random.ts";

/** True if a refusal is kept with its idempotency key. Time or another person can lift any other. */
const isKept = (reason = ""): boolean => catalogue.get(reason)?.isKept === true;

const RETRY_MS = 250;
/** After so long without a decision, a call will never have one. */
const GIVE_UP_MS = 90_000;

export interface ResoluteClientOptions<Operation extends string> {
  /** Nobody's if absent. */
  token?: string;
  http: Pick<HttpClient, "send">;
  random: Random;
  /** The refusals that a right system may give, by operation. */
  expected: Record<Operation, readonly string[]>;
}

/** How a call that was asked for until it was decided ended. */
export interface Decision extends Outcome {
  /**
   * Whether nothing more can come of it. Some refusals leave no trace under the key: an earlier call of the same, on its
   * way for longer, may be granted yet.
   */
  isFinal: boolean;
}

/**
 * One user's client, which leaves no change undecided: where its outcome is unknown, it is asked for again with the same
 * idempotency key until it is known.
 */
export class RetryingClient<Operation extends string> {
  /** Where answers are counted. */
  callStats = new CallStats();
  readonly #options: ResoluteClientOptions<Operation>;

  constructor(options: ResoluteClientOptions<Operation>) {
    this.#options = options;
  }

  /** Asks once, for what changes nothing. */
  async look(operation: Operation, call: string): Promise<Outcome> {
    return this.#count(operation, await this.#options.http.send(call, this.#identity));
  }

  /** Asks for a change until it is done or refused. */
  async decide(operation: Operation, call: string, body: Json): Promise<Decision> {
    return await this.insist(operation, call, { key: randomUUID(), body });
  }

  /** Asks for anything, with the key that is given, until it is done or refused. */
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
