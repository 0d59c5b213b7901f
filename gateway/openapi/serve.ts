import { createHash } from "node:crypto";
import type { RequestHandler } from "express";
import type { Route } from "../routing/routes.ts";
import { openApiDocument } from "./document.ts";

/** Serves the document, made once, with a validator so that tools can ask whether it has changed. */
export function serveOpenApi(routes: readonly Route[]): RequestHandler {
  const body = Buffer.from(JSON.stringify(openApiDocument(routes)));
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return (request, response) => {
    response.setHeader("ETag", etag).setHeader("Cache-Control", "public, max-age=60");
    // Express compares If-None-Match with the ETag (RFC 9110 §13.1.2).
    if (request.fresh) response.status(304).end();
    else response.type("application/json").send(body);
  };
}
