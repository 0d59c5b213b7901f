import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Response, Router } from "express";
import { docsPageHeaders } from "../http/security-headers.ts";
import type { Route } from "../rpc/routes.ts";
import { errorsPage } from "./errors-page.ts";

/** Finds files by the name of their package, because bundled code runs in another folder than its source. */
const { resolve } = createRequire(import.meta.url);
const SWAGGER_UI = dirname(resolve("swagger-ui-dist/package.json"));

/** Files of the page, by path. All are served from this host, none from a CDN. */
const FILES: Record<string, string> = {
  "/": resolve("@medconnect/gateway/pages/docs/index.html"),
  "/init.js": resolve("@medconnect/gateway/pages/docs/init.js"),
  "/swagger-ui.css": join(SWAGGER_UI, "swagger-ui.css"),
  "/swagger-ui-bundle.js": join(SWAGGER_UI, "swagger-ui-bundle.js"),
  "/favicon-32x32.png": join(SWAGGER_UI, "favicon-32x32.png"),
  "/errors.css": resolve("@medconnect/gateway/pages/docs/errors.css"),
};

export const DOCS_PATHS = [...Object.keys(FILES), "/errors"];

/** Serves Swagger UI, from which calls can be tried, and the page of errors. */
export function docsPage(routes: readonly Route[], apiUrl: string): Router {
  const router = Router();
  let errors: string | undefined;
  router.get("/errors", docsPageHeaders, (_request, response: Response) => {
    errors ??= errorsPage(routes, apiUrl);
    response.setHeader("Cache-Control", "public, max-age=3600").type("text/html").send(errors);
  });
  for (const [path, file] of Object.entries(FILES)) {
    router.get(path, docsPageHeaders, (_request, response: Response) => {
      response.setHeader("Cache-Control", "public, max-age=3600").sendFile(file);
    });
  }
  return router;
}
