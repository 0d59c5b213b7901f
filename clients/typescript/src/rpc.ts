/**
 * An RPC: the facts of the contract that a call needs. The constants of this type are generated; `Client.call`
 * takes any other of this form, such as that of a newer server.
 */
export interface Rpc<Request, Answer> {
  /** HTTP method and path. Names in braces stand for fields of the request. */
  readonly route: string;
  /**
   * "*": the request without the fields of the path is the body. A name: this field of the request is the
   * body. Fields that are in neither path nor body are in the query.
   */
  readonly body?: string;
  /** Encoding of the body; default: JSON. */
  readonly encoding?: "form" | "raw";
  /** Fields of the request that are headers. */
  readonly headers?: readonly string[];
  /** True if the call needs no token, and ignores one. */
  readonly isPublic?: boolean;
  /**
   * True if the call takes an Idempotency-Key, which makes repeats safe. "own": only for a while, so the client
   * sends a key only if the caller gives one.
   */
  readonly takesKey?: boolean | "own";
  /** True if the answer is text and not JSON. */
  readonly isText?: boolean;
  /**
   * Effect on the caller's session: the answer has its tokens, the access token is out of date, or the session
   * has ended.
   */
  readonly session?: "opens" | "changes" | "ends";
  /** Has no value; it ties the types to the RPC. */
  readonly types?: (request: Request) => Answer;
}

/** An RPC that answers one page of a list. */
export interface ListRpc<Request, Page, Item> extends Rpc<Request, Page> {
  /** Field of the page that has the items. */
  readonly items: string;
  readonly itemType?: Item;
}

/** An RPC that answers lines of JSON (NDJSON), the last of which has a `nextPageToken`. */
export interface LinesRpc<Request, Item> extends Rpc<Request, string> {
  readonly itemType?: Item;
}

export interface CallOptions {
  /** Cancels the call, its retries, and the pages or lines that follow. */
  signal?: AbortSignal | undefined;
  /** Longest time in ms for one attempt, or between two parts of a long answer. */
  timeoutMs?: number | undefined;
  /** Maximum number of repeats after the first attempt; 0 for none. */
  maxRetries?: number | undefined;
  /** Idempotency-Key, where the RPC takes one; default: a random one. */
  idempotencyKey?: string | undefined;
  /**
   * The resource that an update may replace: its `etag`, or the resource as it was read. If it has changed
   * since, the call fails with `ETAG_MISMATCH`.
   */
  ifMatch?: string | { readonly etag?: string } | undefined;
  /** Trace context (W3C) of the caller. */
  traceparent?: string | undefined;
  /** Id of the request in logs and errors; default: the server chooses one. */
  requestId?: string | undefined;
  /** Further headers. */
  headers?: Record<string, string> | undefined;
}
