import type { CallOptions, Rpc } from "./rpc.ts";

/** The parts of an HTTP request that do not change when it is repeated. */
export interface HttpRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body: Body | undefined;
}

type Body = string | Uint8Array<ArrayBuffer>;

type Fields = Record<string, unknown>;

/** Splits a request into path, query, headers and body. Throws TypeError if a field of the path is missing. */
export function httpRequestOf<Request>(rpc: Rpc<Request, unknown>, request: Request): HttpRequest {
  const [method = "", path = ""] = rpc.route.split(" ");
  const rest: Fields = { ...(request as Fields) };
  const take = (name: string) => {
    const value = rest[name];
    delete rest[name];
    return value;
  };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = take(name);
    if (value === undefined || value === "") throw new TypeError(`${name} is required: ${rpc.route}`);
    return encodeURIComponent(String(value));
  });
  const headers: Record<string, string> = {};
  for (const name of rpc.headers ?? []) {
    const value = take(name);
    if (value !== undefined) headers[name] = String(value);
  }
  const body = rpc.body === "*" ? rest : rpc.body && take(rpc.body);
  const query = rpc.body === "*" ? "" : queryOf(rest);
  return {
    method,
    target: query === "" ? filled : `${filled}${filled.includes("?") ? "&" : "?"}${query}`,
    headers: { ...contentTypeOf(rpc), ...headers },
    body: rpc.body === undefined ? undefined : encode(rpc, body),
  };
}

/**
 * Headers that the options of a call add. Throws TypeError if `ifMatch` has no etag, because the update would
 * then replace any version.
 */
export function optionHeaders(options: CallOptions): Record<string, string> {
  const { ifMatch, traceparent, requestId, headers } = options;
  const etag = typeof ifMatch === "object" ? ifMatch.etag : ifMatch;
  if (ifMatch !== undefined && !etag) throw new TypeError("ifMatch has no etag");
  return {
    ...(etag && { "if-match": etag.includes('"') ? etag : `"${etag}"` }),
    ...(traceparent && { traceparent }),
    ...(requestId && { "x-request-id": requestId }),
    ...headers,
  };
}

const CONTENT_TYPES = {
  form: { "content-type": "application/x-www-form-urlencoded" },
  // The sender sets the media type of a body that is sent as it is.
  raw: {},
};

function contentTypeOf({ body, encoding }: Rpc<never, unknown>): Record<string, string> {
  if (body === undefined) return {};
  return encoding ? CONTENT_TYPES[encoding] : { "content-type": "application/json" };
}

function encode({ encoding }: Rpc<never, unknown>, body: unknown): Body {
  switch (encoding) {
    case "raw":
      return body as Body;
    case "form":
      return queryOf(body as Fields);
    default:
      return JSON.stringify(body ?? {});
  }
}

/** Form encoding. Lists repeat their name, and times are RFC 3339. */
function queryOf(fields: Fields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null)
        query.append(name, each instanceof Date ? each.toISOString() : String(each));
    }
  }
  return query.toString();
}
