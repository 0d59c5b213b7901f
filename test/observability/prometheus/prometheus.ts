import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "@medconnect/dev/engines/server.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import type { RuleFile } from "./rules.ts";

const SCRAPE_S = 1;

/** Metrics port of each process, by name. */
export type Targets = Readonly<Record<string, number>>;

export interface Series {
  metric: Record<string, string>;
  values: [time: number, value: string][];
}

/** A Prometheus server that scrapes a system each second. */
export class Prometheus {
  readonly #folder: string;
  readonly #url: string;
  readonly #server: Server;

  private constructor(folder: string, port: number, program: string) {
    this.#folder = folder;
    this.#url = `http://127.0.0.1:${port}`;
    this.#server = new Server({
      name: "prometheus",
      command: program,
      args: [
        `--config.file=${join(folder, "prometheus.json")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      logFile: join(folder, "prometheus.log"),
      ready: async () => (await fetch(`${this.#url}/-/ready`).catch(() => undefined))?.ok === true,
    });
  }

  /** Starts Prometheus with its data in `folder`. */
  static async start(program: string, folder: string, rules: RuleFile, targets: Targets) {
    const prometheus = new Prometheus(folder, await freePort(), program);
    prometheus.discover(targets);
    prometheus.#write("rules.json", rules);
    prometheus.#write("prometheus.json", {
      global: { scrape_interval: `${SCRAPE_S}s`, scrape_timeout: `${SCRAPE_S}s`, evaluation_interval: "1s" },
      rule_files: ["rules.json"],
      scrape_configs: [{ job_name: "medconnect", file_sd_configs: [{ files: ["targets.json"] }] }],
    });
    await prometheus.#server.start();
    return prometheus;
  }

  /** Replaces the processes that are scraped, as service discovery would. */
  discover(targets: Targets): void {
    const entries = Object.entries(targets).map(([service, port]) => ({
      targets: [`127.0.0.1:${port}`],
      labels: { service },
    }));
    this.#write("targets.json", entries);
  }

  get url(): string {
    return this.#url;
  }

  /** Names of the alerts that fire now. */
  async firing(): Promise<Set<string>> {
    return new Set((await this.alerts()).map(({ labels }) => labels.alertname));
  }

  /** The alerts that fire now. */
  async alerts(): Promise<Alert[]> {
    const { alerts } = await this.#get<{ alerts: Alert[] }>("alerts", {});
    return alerts.filter(({ state }) => state === "firing");
  }

  /** Series of an expression from a point in time until another one, by default until now. */
  async range(query: string, sinceMs: number, stepS = 2, untilMs = Date.now()): Promise<Series[]> {
    const params = { query, start: `${sinceMs / 1000}`, end: `${untilMs / 1000}`, step: `${stepS}` };
    return (await this.#get<{ result: Series[] }>("query_range", params)).result;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  async #get<T>(path: string, params: Record<string, string>): Promise<T> {
    const answer = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(params)}`);
    const { data, error } = (await answer.json()) as { data: T; error?: string };
    if (!answer.ok) throw new Error(`Prometheus refuses ${params.query}: ${error}`);
    return data;
  }

  /** Writes a file atomically, because Prometheus watches it. */
  #write(name: string, content: object): void {
    const path = join(this.#folder, name);
    writeFileSync(`${path}.new`, JSON.stringify(content));
    renameSync(`${path}.new`, path);
  }
}

/** An alert as Prometheus's API shows it. */
export interface Alert {
  state: string;
  labels: { alertname: string; severity: string };
  annotations: { summary: string; runbook_url: string };
}
