import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  type Answered,
  type Call,
  type Credentials,
  hasReason,
  MedConnect,
  MedConnectError,
  type Reason,
} from "@medconnect/client";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { printAnswer, printChapter, printRequest, printTitle, printWait, say } from "./print.ts";

/** A call, and the answer that the demo expects. */
export interface Step<Answer> {
  title: string;
  call: () => Call<Answer>;
  /** Expected fields of the answer, by name. */
  has?: Partial<Answer>;
  /** True to repeat the call for up to five seconds, until the answer is as expected. */
  eventually?: boolean;
}

/** A call that the demo expects to be refused. */
export interface RefusedStep extends Omit<Step<unknown>, "has"> {
  reason: Reason;
}

const PATIENCE_MS = 5000;
const POLL_MS = 200;

export interface WalkerOptions {
  /** URL of the gateway. */
  url: string;
  /** Time by which the system's business time is ahead of this machine's time. */
  aheadMs: number;
  /** URL of the list of traces; undefined if the system has none of its own. */
  tracesUrl: string | undefined;
}

/** Sends the calls of the demo, prints each, and stops at the first unexpected answer. */
export class Walker {
  readonly url: string;
  readonly #aheadMs: number;
  readonly #tracesUrl: string | undefined;
  #steps = 0;
  #last: Exchange | undefined;

  constructor({ url, aheadMs, tracesUrl }: WalkerOptions) {
    this.url = url;
    this.#aheadMs = aheadMs;
    this.#tracesUrl = tracesUrl;
  }

  /** Business time of the system, in ms since 1970. */
  get nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** URL of the page of a trace; undefined if the system has no such pages. */
  pageOf(traceId: string): string | undefined {
    return this.#tracesUrl && `${this.#tracesUrl}/${traceId}`;
  }

  chapter(title: string): void {
    printChapter(title);
  }

  say(text: string): void {
    say(text);
  }

  /** Makes the client of one person. It does not repeat calls, because the demo shows each of them. */
  client(credentials?: Credentials): MedConnect {
    return new MedConnect({
      baseUrl: this.url,
      credentials,
      maxRetries: 0,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        this.#last = await exchange(url.slice(this.url.length), init, response.clone());
        return response;
      },
    });
  }

  /** Sends a call, and prints it with its answer. Throws if the answer is not as expected. */
  async step<Answer>({ title, call, has = {}, eventually }: Step<Answer>): Promise<Answered<Answer>> {
    const expected = Object.entries(has);
    const isAsExpected = ({ data }: Answered<Answer>) =>
      expected.every(([name, value]) => isDeepStrictEqual((data as Record<string, unknown>)[name], value));
    const attempt = async () => {
      const answered = await this.#withinLimits(call);
      return isAsExpected(answered) ? answered : undefined;
    };
    return await this.#show(title, JSON.stringify(has), eventually, attempt);
  }

  /** Sends a call, and prints its refusal. Throws if the call is not refused for that reason. */
  async refusal({ title, call, reason, eventually }: RefusedStep): Promise<void> {
    const attempt = async () =>
      await this.#withinLimits(call).then(
        () => undefined,
        (error: unknown) => (hasReason(error, reason) ? error : undefined),
      );
    await this.#show(title, reason, eventually, attempt);
  }

  /** Repeats an attempt until it has a result, and prints the last exchange. */
  async #show<Result>(
    title: string,
    expected: string,
    eventually: boolean | undefined,
    attempt: () => Promise<Result | undefined>,
  ): Promise<Result> {
    printTitle(++this.#steps, title);
    const deadline = Date.now() + (eventually ? PATIENCE_MS : 0);
    for (;;) {
      const isLast = Date.now() >= deadline;
      const outcome = await attempt().catch((error: unknown) => {
        if (!(error instanceof MedConnectError)) throw new SetupError((error as Error).message);
        return undefined;
      });
      if (outcome !== undefined || isLast) {
        if (this.#last) {
          printRequest(this.#last);
          printAnswer(this.#last);
        }
        if (outcome !== undefined) return outcome;
        const traceId = this.#last?.answer.headers.get("x-trace-id") ?? "none";
        throw new SetupError(
          `Step ${this.#steps}, ${this.#last?.call}: expected ${expected}. Trace: ${this.pageOf(traceId) ?? traceId}`,
        );
      }
      await delay(POLL_MS);
    }
  }

  /** Sends a call. If a rate limit refuses the call, waits for the time in Retry-After and sends it again. */
  async #withinLimits<Answer>(call: () => Call<Answer>): Promise<Answered<Answer>> {
    for (;;) {
      try {
        return await call().withInfo();
      } catch (error) {
        if (!hasReason(error, "RATE_LIMITED")) throw error;
        await printWait((error.retryAfterMs ?? 0) / 1000, error.headers.get("ratelimit-policy") ?? "");
      }
    }
  }
}
