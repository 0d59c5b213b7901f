import { type IncomingMessage, ServerResponse } from "node:http";
import type { Reason } from "@medconnect/platform/errors/catalogue.ts";
import type { Client } from "@medconnect/platform/network/client.ts";
import type { SourceAddress } from "../limits/quotas.ts";

/** Data of one request that its steps share. */
export interface RequestContext extends SourceAddress {
  requestId: string;
  /** The client's address: the peer's, or the one that a trusted proxy forwards. */
  address: string;
  addressClient: Client;
  /** Headers of every answer to the request: alternating names and values, each name once. */
  headers: string[];
  /** Template of the route, after it has been found. */
  route?: string;
  /** Reason of a refusal or failure. */
  reason?: Reason;
}

export class GatewayResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Named as in Express, which passes it on to the handlers of pages. */
  locals: RequestContext = { requestId: "", address: "", addressClient: { key: "" }, headers: [] };
}
