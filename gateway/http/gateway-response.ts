import { type IncomingMessage, ServerResponse } from "node:http";
import type { Reason } from "@medconnect/platform/errors/catalogue.ts";

/** Data that a request's steps share. */
export interface RequestContext {
  requestId: string;
  /** The client's, perhaps as a trusted proxy tells it. */
  address: string;
  /** Headers that each answer to the request has: names and values in turn, each name once. */
  headers: string[];
  /** The route's template, once it is known. */
  route?: string;
  /** Why it was refused or failed, if it was. */
  reason?: Reason;
}

export class GatewayResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  locals: RequestContext = { requestId: "", address: "", headers: [] };
}
