import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";

/** A span that the collector has received. */
export interface Span {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** Id of the parent span; empty for the root span. */
  parentId: string;
  /** Attributes with text values. All other attributes are left out. */
  attributes: Record<string, string>;
}

interface KeyValue {
  key: string;
  value: { stringValue: string };
}
interface Export {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: {
      spans: {
        traceId: Buffer;
        spanId: Buffer;
        parentSpanId: Buffer;
        name: string;
        attributes: KeyValue[];
      }[];
    }[];
  }[];
}

const { deserialize } = loadSync(join(import.meta.dirname, "otlp.proto"), { defaults: true })[
  "medconnect.test.otlp.ExportTraceServiceRequest"
] as MessageTypeDefinition<object, Export>;

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
      this.spans.push(...spansOf(body));
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

function spansOf(body: Buffer): Span[] {
  return deserialize(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource.attributes)["service.name"] ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, traceId, spanId, parentSpanId, attributes }) => ({
        service,
        name,
        traceId: traceId.toString("hex"),
        spanId: spanId.toString("hex"),
        parentId: parentSpanId.toString("hex"),
        attributes: textsOf(attributes),
      })),
    );
  });
}

function textsOf(attributes: KeyValue[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
