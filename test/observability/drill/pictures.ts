import { join } from "node:path";
import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
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

  /** The pages of the drill's steps. @returns the names of the pictures */
  ofIncident(dashboards: string, traces: string, { traceId, statement }: SlowStatement): Promise<string> {
    const pages = {
      "drill-database": `${dashboards}/database`,
      "drill-search": searchUrl(traces),
      "drill-trace": `${traces}/${traceId}`,
    };
    return this.#take(pages, statement);
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
