import { join } from "node:path";
import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { exportOf } from "@medconnect/dev/traces/testing/export-of.ts";
import { startTraceServer } from "@medconnect/dev/traces/trace-server.ts";
import { OUR_BIN, ToolFolder } from "../../support/tool-folder.ts";
import { searchUrl } from "./fault.ts";
import type { SlowStatement } from "./slow-statement.ts";

const IMAGES = join(import.meta.dirname, "../../../docs/images");

/** Takes the pictures in docs/images with the browser of `npm run test:pages`. */
export class Pictures {
  readonly #folder = new ToolFolder(join(import.meta.dirname, "../../pages"), "pages");
  readonly #browser: string;

  constructor(browser: string) {
    this.#folder.run(join(OUR_BIN, "tsc"), ["--noEmit", "-p", "tsconfig.json"]);
    this.#browser = browser;
  }

  /** All dashboards as they are now. @returns the names of the pictures */
  ofDashboards(dashboards: string): Promise<string> {
    const names = Object.keys(DASHBOARDS);
    return this.#take(
      Object.fromEntries(names.map((name) => [`dashboard-${name}`, `${dashboards}/${name}`])),
    );
  }

  /**
   * The pages of the drill's steps. A server of its own shows the trace, because the system's one drops it while the
   * browser starts on a busy machine. @returns the names of the pictures
   */
  async ofIncident(dashboards: string, traces: string, { trace, statement }: SlowStatement): Promise<string> {
    const port = await freePort();
    const keeper = await startTraceServer(port);
    const kept = `http://127.0.0.1:${port}`;
    const headers = { "content-type": "application/x-protobuf" };
    await fetch(`${kept}/v1/traces`, { method: "POST", headers, body: exportOf(trace.spans) });
    const pages = {
      "drill-database": `${dashboards}/database`,
      "drill-search": searchUrl(traces),
      "drill-trace": `${kept}/${trace.id}`,
    };
    return await this.#take(pages, statement).finally(() => keeper.close());
  }

  async #take(pages: Record<string, string>, statement = ""): Promise<string> {
    const env = {
      CHROME_PATH: this.#browser,
      IMAGES,
      PAGES: JSON.stringify(pages),
      STATEMENT: statement,
    };
    return (await this.#folder.runAside(process.execPath, ["checks/drill.ts"], env)).trimEnd();
  }
}
