import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { beforeAll, expect, test } from "@jest/globals";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { eventually } from "../support/eventually.ts";
import { sharedStack } from "../support/stack.ts";
import { FOLDER } from "./prometheus/rules.ts";
import { findPrometheus, type PrometheusTools, TOOLS_TIMEOUT_MS } from "./prometheus/tools.ts";

const { metricsPorts, urls } = sharedStack();
let tools: PrometheusTools | undefined;

beforeAll(async () => {
  tools = await findPrometheus();
}, TOOLS_TIMEOUT_MS);

/** Runs promtool in deploy/observability. Returns all that it found, or nothing if it is not there. */
function findings(args: string[], input = ""): string {
  if (!tools) return "";
  const { status, stdout, stderr } = spawnSync(tools.promtool, args, {
    cwd: FOLDER,
    input,
    encoding: "utf8",
  });
  return status === 0 ? stderr.replaceAll(/^\s*$/gm, "") : stdout + stderr;
}

test("the configuration and the rules are valid", () => {
  expect(findings(["check", "config", "prometheus.yml"])).toBe("");
  expect(findings(["check", "rules", "--lint-fatal", "alerts.yml", "slo.yml"])).toBe("");
});

test("alerts with long windows fire and end, as the files in deploy/observability/tests say", () => {
  const files = globSync("tests/*.test.yml", { cwd: FOLDER });
  expect(files.length).toBeGreaterThan(1);
  expect(findings(["test", "rules", ...files])).toBe("");
});

test("a scrape of the gateway is below 100 kB", async () => {
  await fetch(`${urls.gateway}/v1/doctors`);
  const scraped = await eventually(scrapeGateway, (bytes) =>
    gunzipSync(bytes).toString().includes("http_server_request_duration_seconds_bucket"),
  );
  expect(scraped.length).toBeLessThan(100_000);
});

/** The metrics as Prometheus gets them, compressed. */
async function scrapeGateway(): Promise<Buffer> {
  const url = `http://127.0.0.1:${metricsPorts.gateway}/metrics`;
  const [response] = await once(get(url, { headers: { "accept-encoding": "gzip" } }), "response");
  return await buffer(response as IncomingMessage);
}

test.each(PROCESSES)("the metrics of %s follow Prometheus's conventions", async (name) => {
  const text = await (await fetch(`http://127.0.0.1:${metricsPorts[name]}/metrics`)).text();
  expect(text).toContain("process_cpu_seconds_total");
  expect(findings(["check", "metrics"], text)).toBe("");
});
