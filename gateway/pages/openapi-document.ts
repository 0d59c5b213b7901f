import { createHash } from "node:crypto";
import type { RequestHandler } from "express";
import { openApiDocument } from "../openapi/document.ts";
import type { Route } from "../rpc/routes.ts";

/**
 * Serves the document, made at the first request, with a validator so that tools can ask whether it has
 * changed.
 */
export function serveOpenApi(routes: readonly Route[]): RequestHandler {
  let made: ReturnType<typeof make> | undefined;
  return (request, response) => {
    made ??= make(routes);
    response.setHeader("ETag", made.etag).setHeader("Cache-Control", "public, max-age=60");
    // Express compares If-None-Match with the ETag (RFC 9110 §13.1.2).
    if (request.fresh) response.status(304).end();
    else response.type("application/json").send(made.body);
  };
}

function make(routes: readonly Route[]) {
  const body = Buffer.from(JSON.stringify(openApiDocument(routes)));
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}
