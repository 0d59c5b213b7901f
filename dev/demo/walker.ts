import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { Answer, type Json } from "./answer.ts";
import { printAnswer, printChapter, printRequest, printTitle, printWait, type Sent, say } from "./print.ts";

/** A call, and the response that the demo expects. */
export interface Step {
  title: string;
  /** Method and path, such as "GET /v1/users/me". */
  call: string;
  /** Access token; absent for an anonymous call. */
  token?: string;
  /** Value of the Idempotency-Key header. */
  key?: string;
  /** Request body, or a function that makes a new one for each attempt. */
  body?: Json | (() => Json);
  /** Expected HTTP status of the response. `has` contains expected fields of its body, by name. */
  expect: number;
  has?: Json;
  /** True to repeat the call for up to five seconds, until the response is as expected. */
  eventually?: boolean;
}

const PATIENCE_MS = 5000;
const POLL_MS = 200;

/** Sends the calls of the demo, prints each, and stops at the first unexpected response. */
export class Walker {
  readonly url: string;
  #steps = 0;

  constructor(url: string) {
    this.url = url;
  }

  chapter(title: string): void {
    printChapter(title);
  }

  say(text: string): void {
    say(text);
  }

  /** Sends a call, and prints it with its response. Throws if the response is not as expected. */
  async step(step: Step): Promise<Answer> {
    printTitle(++this.#steps, step.title);
    let [sent, answer] = await this.#callWithinLimits(step);
    const deadline = Date.now() + (step.eventually ? PATIENCE_MS : 0);
    while (!isAsExpected(answer, step) && Date.now() < deadline) {
      await delay(POLL_MS);
      [sent, answer] = await this.#callWithinLimits(step);
    }
    printRequest(sent);
    printAnswer(answer);
    if (isAsExpected(answer, step)) return answer;
    throw new SetupError(`Step ${this.#steps}, ${step.call}: expected ${describe(step)}.`);
  }

  /** Sends a call. If a rate limit refuses the call, waits for the time in Retry-After and sends it again. */
  async #callWithinLimits(step: Step): Promise<[Sent, Answer]> {
    for (;;) {
      const sent = requestOf(step);
      const answer = await this.#send(sent);
      if (answer.status !== 429) return [sent, answer];
      await printWait(
        Number(answer.headers.get("retry-after")),
        answer.headers.get("ratelimit-policy") ?? "",
      );
    }
  }

  async #send({ call, headers, body }: Sent): Promise<Answer> {
    const [method = "", path] = call.split(" ");
    try {
      const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
      return await Answer.read(await fetch(this.url + path, init));
    } catch (error) {
      throw new SetupError(`${call} got no response: ${(error as Error).cause ?? error}`);
    }
  }
}

function requestOf({ call, token, key, body: given }: Step): Sent {
  const body = typeof given === "function" ? given() : given;
  const headers = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(key && { "idempotency-key": key }),
    ...(body && { "content-type": "application/json" }),
  };
  return { call, headers, body };
}

function isAsExpected({ status, body }: Answer, { expect, has = {} }: Step): boolean {
  if (status !== expect) return false;
  return Object.entries(has).every(([field, value]) => isDeepStrictEqual(body[field], value));
}

function describe({ expect, has }: Step): string {
  return has ? `${expect} with ${JSON.stringify(has)}` : `${expect}`;
}
