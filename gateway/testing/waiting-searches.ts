import { type ClientRequest, request } from "node:http";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { startTestGateway, type TestGateway, type TestGatewayOptions } from "./test-gateway.ts";

export type Headers = Record<string, string>;

export const SEARCH = "/v1/doctors";

/** A gateway whose searches run until the test answers them. */
export class WaitingSearches {
  readonly gateway: TestGateway;
  /** Functions that answer the running searches, one for each. The oldest search comes first. */
  readonly #answers: (() => void)[] = [];
  readonly #sent: ClientRequest[] = [];

  private constructor(gateway: TestGateway) {
    this.gateway = gateway;
    gateway.stubs.stubs.set("SearchDoctors", async () => {
      await new Promise<void>((resolve) => this.#answers.push(resolve));
      return {};
    });
  }

  static async start(options: TestGatewayOptions): Promise<WaitingSearches> {
    return new WaitingSearches(await startTestGateway(options));
  }

  /** Sends a search, and waits until it runs. */
  async run(headers: Headers = {}): Promise<ClientRequest> {
    const before = this.#answers.length;
    const search = this.send({ path: SEARCH, headers });
    search.end();
    await eventually(
      async () => this.#answers.length,
      (count) => count > before,
    );
    return search;
  }

  /** Starts a request. The caller must end the body. `close` destroys the request. */
  send(options: { path: string; method?: string; headers: Record<string, string | number> }): ClientRequest {
    const sent = request({ port: this.gateway.port, ...options }).on("error", () => {});
    this.#sent.push(sent);
    return sent;
  }

  /** Sends a request that is answered at once. Returns the JSON of the answer or problem. */
  async get(path: string, headers: Headers): Promise<Record<string, unknown>> {
    return (await this.gateway.send("GET", path, { headers })).json;
  }

  /** Answers the search that has run for the longest time. */
  answerFirst(): void {
    this.#answers.shift()?.();
  }

  /** Waits until `count` requests run. */
  async untilRunning(count: number): Promise<void> {
    await eventually(
      async () => this.gateway.callers.size,
      (size) => size === count,
    );
  }

  async close(): Promise<void> {
    for (const answer of this.#answers.splice(0)) answer();
    for (const sent of this.#sent) sent.destroy();
    await this.gateway.close();
  }
}
