import { once } from "node:events";
import type { Server } from "node:http";
import { join } from "node:path";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { listPage, messagePage, tracePage } from "./pages.ts";
import { spansIn } from "./span.ts";
import { TraceStore } from "./trace-store.ts";

const PROTOBUF = "application/x-protobuf";
const MAX_EXPORT = "8mb";
/** Traces of a list. */
const LISTED = 100;

/** Serves pages of the traces that it receives by OTLP/HTTP, on the loopback interface. */
export async function startTraceServer(port: number): Promise<Server> {
  const store = new TraceStore();
  const app = express().disable("etag").disable("x-powered-by").use(protect);
  app.post("/v1/traces", express.raw({ type: PROTOBUF, limit: MAX_EXPORT }), ({ body }, response) => {
    if (!Buffer.isBuffer(body)) return void response.status(415).type("text").send(`Send ${PROTOBUF}.\n`);
    store.add(spansIn(body));
    // An ExportTraceServiceResponse without fields: all spans were taken.
    response.type(PROTOBUF).send(Buffer.alloc(0));
  });
  app.get("/", (_, response) => void response.send(listPage(store.traces.slice(0, LISTED))));
  app.get("/traces.css", (_, response) => response.sendFile(join(import.meta.dirname, "traces.css")));
  app.get("/:id", (request, response) => {
    const { id } = request.params;
    const trace = store.traces.find((each) => each.id.startsWith(id));
    const isJson = request.accepts("html", "json") === "json";
    if (trace) return void response.send(isJson ? trace : tracePage(trace));
    const text = `No trace begins with ${id}. Spans arrive within two seconds, and the newest 1,000 traces stay.`;
    response.status(404).send(isJson ? { text } : messagePage("No such trace", text));
  });
  app.use(answerError);
  const server = app.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Names of this machine (RFC 6761 §6.3). A page of another name is one that an attacker made resolve to it (DNS rebinding). */
const HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const protect: RequestHandler = ({ headers: { host = "" } }, response, next) => {
  response.set(HEADERS);
  if (HOSTS.test(host)) next();
  else response.status(421).type("text").send("This host is not served. Use localhost.\n");
};

/** An export that cannot be read, because it is too long, or not OTLP. */
const answerError: ErrorRequestHandler = ({ status = 400, message }, _request, response, _next) =>
  void response.status(status).type("text").send(`${message}\n`);
