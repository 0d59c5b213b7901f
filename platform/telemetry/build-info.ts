import manifest from "../../package.json" with { type: "json" };
import { gauge } from "./metrics.ts";

/** Reports the release, the commit and the Node that run, as labels of a gauge that is always 1. */
export function observeBuild(commit: string): void {
  const attributes = { version: manifest.version, commit, node: process.versions.node };
  gauge("build.info", "Running release", (report) => report(1, attributes));
}
