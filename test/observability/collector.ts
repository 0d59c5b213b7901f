import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Span, spansIn } from "@medconnect/dev/traces/span.ts";

/** An OpenTelemetry collector (OTLP/HTTP) that stores the spans it receives. */
export class Collector {
  readonly spans: Span[] = [];
  /** Bodies of all requests, which contain the encoded spans. */
  readonly received: Buffer[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await buffer(request);
      this.received.push(body);
      this.spans.push(...spansIn(body));
      response
        .writeHead(request.url === "/v1/traces" ? 200 : 404, { "content-type": "application/x-protobuf" })
        .end();
    });
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await once(collector.#server.listen(0, "127.0.0.1"), "listening");
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  trace(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
