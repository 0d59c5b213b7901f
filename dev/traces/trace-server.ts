import { once } from "node:events";
import { type Server, STATUS_CODES } from "node:http";
import { join } from "node:path";
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from "express";
import { listPage, messagePage, tracePage } from "./pages.ts";
import { conditionOf, type Search } from "./search.ts";
import { spansIn } from "./span.ts";
import { TraceStore } from "./trace-store.ts";

const PROTOBUF = "application/x-protobuf";
const MAX_EXPORT = "8mb";
/** Traces of a list. */
const LISTED = 100;
const MISSING = "Spans arrive within two seconds, and the newest 1,000 traces stay.";

/** Serves pages of the traces that it receives by OTLP/HTTP, on the loopback interface. */
export async function startTraceServer(port: number): Promise<Server> {
  const store = new TraceStore();
  const app = express().disable("etag").disable("x-powered-by").use(protect);
  app.set("query parser", (query: string) => Object.fromEntries(new URLSearchParams(query)));
  app.post("/v1/traces", express.raw({ type: PROTOBUF, limit: MAX_EXPORT }), ({ body }, response) => {
    if (!Buffer.isBuffer(body)) throw refusal(415, `Send ${PROTOBUF}.`);
    store.add(spansIn(body));
    // An ExportTraceServiceResponse without fields: all spans were taken.
    response.type(PROTOBUF).send(Buffer.alloc(0));
  });
  app.get("/", (request, response) => {
    const search = request.query as Search;
    const traces = store.traces.filter(conditionOf(search)).slice(0, LISTED);
    if (wantsJson(request)) response.send(traces.map((trace) => ({ ...trace, spans: [] })));
    else response.send(listPage(traces, search));
  });
  app.get("/traces.css", (_, response) => response.sendFile(join(import.meta.dirname, "traces.css")));
  app.get("/:id", (request, response) => {
    const { id } = request.params;
    const trace = store.traces.find(
      (each) => each.id.startsWith(id) || each.spans.some((span) => span.attributes[REQUEST_ID] === id),
    );
    if (!trace) throw refusal(404, `No trace and no request has the id ${id}. ${MISSING}`);
    response.send(wantsJson(request) ? trace : tracePage(trace));
  });
  app.use(answerError);
  const server = app.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Attribute of the gateway's spans. An error's body has it as `requestId`. */
const REQUEST_ID = "medconnect.request_id";
/** Names of this machine (RFC 6761 §6.3). An attacker can make any other name lead here (DNS rebinding). */
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
  if (!HOSTS.test(host)) throw refusal(421, "This host is not served. Use localhost.");
  next();
};

const wantsJson = (request: Request): boolean => request.accepts("html", "json") === "json";

const refusal = (status: number, message: string): Error => Object.assign(new Error(message), { status });

/** Errors without a status are those of exports that are not OTLP. */
const answerError: ErrorRequestHandler = ({ status = 400, message }, request, response, _next) => {
  response.status(status);
  response.send(wantsJson(request) ? { problem: message } : messagePage(`${STATUS_CODES[status]}`, message));
};
