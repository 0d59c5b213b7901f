import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
import { build } from "esbuild";
import express from "express";
import type { Prometheus } from "../prometheus/prometheus.ts";
import { dashboardData } from "./dashboard-data.ts";

const RUNBOOKS = join(import.meta.dirname, "../../../docs/runbooks.md");
const HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboards · MedConnect</title>
<link rel="stylesheet" href="/page.css">
<body><script type="module" src="/page.js"></script></body>
</html>
`;

/** Draws the dashboards with the values of a Prometheus, in place of Grafana, on the loopback interface. */
export class DashboardServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(prometheus: Prometheus): Promise<DashboardServer> {
    const files = await bundle();
    const app = express().disable("x-powered-by");
    app.get("/", (_, response) => response.redirect("/requests"));
    app.get("/page.js", (_, response) => response.type("js").send(files.js));
    app.get("/page.css", (_, response) => response.type("css").send(files.css));
    app.get("/docs/runbooks.md", (_, response) => response.type("text").sendFile(RUNBOOKS));
    app.get("/data/:name", async ({ params }, response) =>
      response.send(await dashboardData(prometheus, params.name)),
    );
    for (const name of Object.keys(DASHBOARDS))
      app.get(`/${name}`, (_, response) => response.type("html").send(HTML));
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new DashboardServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close().closeAllConnections();
  }
}

/** Bundles the page as console/build.mjs bundles the console. */
async function bundle(): Promise<{ js: string; css: string }> {
  const { outputFiles } = await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: ["page/page.tsx"],
    outdir: "out",
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    logLevel: "warning",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  const textOf = (extension: string) => outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? "";
  return { js: textOf(".js"), css: textOf(".css") };
}
