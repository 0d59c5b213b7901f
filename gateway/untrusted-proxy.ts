import type { Logger } from "@medconnect/platform/log.ts";
import type { NextFunction, Request, Response } from "express";

/**
 * Tells once of an X-Forwarded-For from a peer that TRUST_PROXY does not name. Where that is a load balancer, all clients
 * behind it are one, and share its limits and lockouts; anybody can send one, too, so it means no harm by itself.
 */
export function warnOfUntrustedProxy(log: Logger) {
  let isTold = false;
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (!isTold && request.headers["x-forwarded-for"] !== undefined && !isTrusted(request)) {
      isTold = true;
      log.warn(
        "X-Forwarded-For of a peer that TRUST_PROXY does not name: whoever is behind it counts as one",
      );
    }
    next();
  };
}

function isTrusted({ app, socket }: Request): boolean {
  const trusts: (address: string, hops: number) => boolean = app.get("trust proxy fn");
  return trusts(socket.remoteAddress ?? "", 0);
}
