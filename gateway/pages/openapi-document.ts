import { createHash } from "node:crypto";
import type { RequestHandler } from "express";
import { openApiDocument } from "../openapi/document.ts";
import type { Route } from "../rpc/routes.ts";

/** Serves the OpenAPI document with an ETag. The document is generated at the first request. */
export function serveOpenApi(routes: readonly Route[], apiUrl: string): RequestHandler {
  let served: ReturnType<typeof generate> | undefined;
  return (request, response) => {
    served ??= generate(routes, apiUrl);
    response.setHeader("ETag", served.etag).setHeader("Cache-Control", "public, max-age=60");
    // `fresh` compares If-None-Match with the ETag (RFC 9110 §13.1.2).
    if (request.fresh) response.status(304).end();
    else response.type("application/json").send(served.body);
  };
}

function generate(routes: readonly Route[], apiUrl: string) {
  const body = Buffer.from(JSON.stringify(openApiDocument(routes, apiUrl)));
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}
