import { randomUUID } from "node:crypto";
import {
  fromBinary,
  fromJson,
  getOption,
  hasOption,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { headers as headersOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Api, type Json, reasonOf } from "../support/api.ts";
import { Grpc, type Method as GrpcMethod, type ServiceName } from "../support/grpc.ts";
import { sharedStack } from "../support/stack.ts";

/** Outcome of a call, the same for HTTP and gRPC. */
export interface Outcome {
  /** HTTP status, or the name of the gRPC status code. */
  status: number | string;
  /** Reason of the error; undefined if the call succeeded. */
  reason: string | undefined;
  /** Text of the response, without the ids of the request and the trace, because each call has other ids. */
  shown: string;
}

interface Named {
  token: string | undefined;
  requestId: string;
}

/** An HTTP request, made from the request message of an RPC. */
export interface HttpRequest {
  verb: string;
  path: string;
  /** Query string with its question mark; empty without parameters. */
  query: string;
  headers: Record<string, string>;
  body: unknown;
}

const stack = sharedStack();
const gateway = new Api(stack.urls.gateway);
const clients = Object.fromEntries(
  Object.entries(stack.addresses).map(([name, address]) => [name, new Grpc(address)]),
) as Record<ServiceName, Grpc>;

export const clientOf = (server: string): Grpc => clients[server as ServiceName];

export const closeClients = (): void => {
  for (const client of Object.values(clients)) client.close();
};

export const isRouted = ({ desc }: Method): boolean => hasOption(desc, http);

/** Methods without a route that change something. */
const UNROUTED_CHANGES: readonly string[] = ["DeliverEvents", "ReplayDeadEvent"];

/** True for methods that change nothing, so that they can run at the same time as other calls. */
export const isRead = ({ desc, rules }: Method): boolean =>
  getOption(desc, http).pattern.case === "get" || (rules.unrouted && !UNROUTED_CHANGES.includes(desc.name));

/** Calls a method on a service over gRPC. */
export async function callGrpc(
  method: Method,
  server: string,
  request: Json,
  { token, requestId }: Named,
): Promise<Outcome> {
  const message = { ...request, ...(takesKey(method) && { idempotencyKey: randomUUID() }) };
  const bytes = Buffer.from(toBinary(method.input, fromJson(method.input, message as JsonValue)));
  const responseDeserialize = (answer: Buffer) =>
    toJson(method.output, fromBinary(method.output, answer)) as object;
  const raw = { path: method.path, responseDeserialize } as GrpcMethod;
  const reply = await clientOf(server).send(raw, bytes, {
    ...(token !== undefined && { token }),
    headers: { "x-request-id": requestId },
  });
  const { name: status, reason, violations, body, detail, trailer } = reply;
  const names = Object.keys(trailer.getMap()).toSorted();
  return { status, reason, shown: JSON.stringify({ status, reason, violations, detail, body, names }) };
}

/** Calls a method over HTTP at the gateway. */
export async function callHttp(method: Method, request: Json, { token, requestId }: Named): Promise<Outcome> {
  const { verb, path, query, body, headers } = toHttp(method, request);
  const api = token === undefined ? gateway : gateway.as(token);
  const answer = await api.send(`${verb} ${path}${query}`, {
    headers: { ...headers, "x-request-id": requestId },
    ...(takesKey(method) && { key: true }),
    ...(body !== undefined && { body }),
  });
  const { status, body: json } = answer;
  const reason = status >= 400 ? String(reasonOf(json)) : undefined;
  const { requestId: _, ...shownBody } = json;
  const names = [...answer.headers.keys()].toSorted();
  return { status, reason, shown: JSON.stringify({ status, body: shownBody, names }) };
}

const takesKey = ({ input }: Method): boolean =>
  input.fields.some((field) => field.name === "idempotency_key");

/** Makes an HTTP request from the request message of an RPC, by the rules of google/api/http.proto. */
export function toHttp({ desc, input, rules }: Method, request: Json): HttpRequest {
  const { pattern, body: bodyField } = getOption(desc, http);
  if (!pattern.case || pattern.case === "custom") throw new Error(`${desc.name} has no plain route.`);
  const rest = { ...request };
  const take = (name: string) => {
    const value = rest[name];
    delete rest[name];
    return value;
  };
  const path = pattern.value.replace(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(String(take(camel(field)))),
  );
  const headers: Record<string, string> = {};
  for (const field of input.fields) {
    const [header] = getOption(field, headersOption);
    if (header) headers[header] = String(take(field.jsonName));
  }
  const body = bodyField === "*" ? rest : bodyField === "" ? undefined : take(camel(bodyField));
  return {
    verb: pattern.case.toUpperCase(),
    path,
    query: bodyField === "*" ? "" : queryOf(rest),
    headers,
    body: sentBody(body, rules.oauth),
  };
}

function sentBody(body: unknown, isForm: boolean): unknown {
  if (isForm) return new URLSearchParams(body as Record<string, string>);
  return isRaw(body) ? JSON.parse(Buffer.from(body.data, "base64").toString()) : body;
}

/** Encodes values as a query string. A list becomes a repeated parameter. */
function queryOf(values: Json): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const each of [value].flat()) query.append(name, String(each));
  }
  return query.size > 0 ? `?${query}` : "";
}

/** True if the body is a google.api.HttpBody. */
const isRaw = (body: unknown): body is { data: string } =>
  typeof body === "object" && body !== null && "contentType" in body;

const camel = (field: string): string => field.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
