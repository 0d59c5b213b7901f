import { setTimeout as delay } from "node:timers/promises";
import { HttpClient, type Outcome, type Sent } from "./http-client.ts";

const CHECK_MS = 200;
const CHECK_TIMEOUT_MS = 1000;

interface Gateway {
  http: HttpClient;
  isReady: boolean;
}

/** A load balancer that checks the gateways' readiness, and sends requests to the ready ones in rotation. */
export class Balancer {
  readonly #gateways: Gateway[];
  #turn = 0;
  #checking: Promise<void> | undefined;
  #stopped = false;

  constructor(urls: string[]) {
    this.#gateways = urls.map((url) => ({ http: new HttpClient(url), isReady: true }));
  }

  start(): void {
    this.#checking = this.#check();
  }

  /**
   * Sends a request to the next ready gateway. If that gateway refuses the connection, sends the request to
   * another one. This is safe, because the first gateway did not get the request.
   */
  async send(call: string, sent: Sent): Promise<Outcome> {
    const first = this.#next(this.#gateways);
    const outcome = await first.http.send(call, sent);
    if (outcome.reason !== "ECONNREFUSED") return outcome;
    first.isReady = false;
    return await this.#next(this.#gateways.filter((gateway) => gateway !== first)).http.send(call, sent);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#checking;
    for (const { http } of this.#gateways) http.close();
  }

  #next(among: Gateway[]): Gateway {
    const ready = among.filter(({ isReady }) => isReady);
    const choice = ready.length > 0 ? ready : among;
    return choice[this.#turn++ % choice.length]!;
  }

  async #check(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(
        this.#gateways.map(async (gateway) => {
          gateway.isReady = (await gateway.http.send("GET /readyz", {}, CHECK_TIMEOUT_MS)).kind === "ok";
        }),
      );
      await delay(CHECK_MS);
    }
  }
}
