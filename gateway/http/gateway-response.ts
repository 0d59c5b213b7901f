import { type IncomingMessage, ServerResponse } from "node:http";
import type { Reason } from "@medconnect/platform/errors/catalogue.ts";
import type { Client } from "@medconnect/platform/network/client.ts";
import type { SourceAddress } from "../limits/quotas.ts";

/** Data of one request, shared by the steps that handle it. */
export interface RequestContext extends SourceAddress {
  requestId: string;
  /** Trace of the request; absent if the HTTP parser refused it. */
  traceId?: string;
  /** Address of the client: the peer, or the address that a trusted proxy forwards. */
  address: string;
  addressClient: Client;
  /** Headers that any answer to the request gets: alternating names and values, each name once. */
  headers: string[];
  /** Path template of the route, such as `/v1/bookings/{bookingId}`. Absent until a route is found. */
  route?: string;
  /** True if the route is an OAuth endpoint, whose errors have the shape of RFC 6749. */
  isOAuth?: boolean;
  /** Reason of the error in the answer; absent if the answer is not an error. */
  reason?: Reason;
}

export class GatewayResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Named `locals` as in Express, because Express passes this response to the handlers of pages. */
  locals: RequestContext = { requestId: "", address: "", addressClient: { key: "" }, headers: [] };
}
