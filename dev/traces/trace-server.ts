import { once } from "node:events";
import type { Server } from "node:http";
import { join } from "node:path";
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { listPage, type Search, tracePage } from "./pages.ts";
import { spansIn } from "./span.ts";
import { TraceStore } from "./trace-store.ts";
import type { Trace } from "./waterfall.ts";

const PROTOBUF = "application/x-protobuf";
const STYLES = ["styles", "../../console/src/styles"].map((folder) => join(import.meta.dirname, folder));
const MAX_LISTED = 100;
/** Attribute of the gateway's spans. An error's body has it as `requestId`. */
const REQUEST_ID = "medconnect.request_id";
const MISSING = "Spans arrive within two seconds, and the newest 1,000 traces stay.";
/** Names of this machine (RFC 6761 §6.3). An attacker can make any other name lead here (DNS rebinding). */
const HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
const CSP =
  "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Serves pages of the traces that it receives by OTLP/HTTP, on the loopback interface. */
export async function startTraceServer(port: number): Promise<Server> {
  const store = new TraceStore();
  const app = express().disable("x-powered-by").use(protect);
  app.post("/v1/traces", express.raw({ type: PROTOBUF, limit: "8mb" }), ({ body }, response) => {
    if (!Buffer.isBuffer(body)) throw refusal(415, `Send ${PROTOBUF}.`);
    store.add(spansIn(body));
    // An ExportTraceServiceResponse without fields: all spans were taken.
    response.type(PROTOBUF).end();
  });
  app.get("/", (request, response) => {
    const search: Search = { route: "", status: "", minMs: "", ...request.query };
    const isFound = (trace: Trace) =>
      trace.name.toLowerCase().includes(search.route.toLowerCase()) &&
      trace.status.startsWith(search.status.replace("xx", "")) &&
      trace.durationMs >= Number(search.minMs);
    const traces = store.traces.filter(isFound).slice(0, MAX_LISTED);
    const summaries = traces.map((trace) => ({ ...trace, spans: [] }));
    answer(request, response, summaries, listPage(traces, search));
  });
  app.use(STYLES.map((folder) => express.static(folder)));
  app.get("/:id", (request, response) => {
    const { id } = request.params;
    const trace = store.traces.find(
      (each) => each.id.startsWith(id) || each.spans.some((span) => span.attributes[REQUEST_ID] === id),
    );
    if (!trace) throw refusal(404, `No trace and no request has the id ${id}. ${MISSING}`);
    answer(request, response, trace, tracePage(trace));
  });
  app.use(answerError);
  const server = app.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const protect: RequestHandler = ({ headers: { host = "" } }, response, next) => {
  response.set({ "cache-control": "no-store", "content-security-policy": CSP });
  if (!HOSTS.test(host)) throw refusal(421, "This host is not served. Use localhost.");
  next();
};

const answer = (request: Request, response: Response, json: object, page: string) =>
  response.send(request.accepts("html", "json") === "json" ? json : page);

const refusal = (status: number, message: string): Error => Object.assign(new Error(message), { status });

/** Errors without a status are those of exports that are not OTLP. */
const answerError: ErrorRequestHandler = ({ status = 400, message }, request, response, _next) => {
  response.status(status);
  answer(request, response, { problem: message }, listPage([], undefined, message));
};
