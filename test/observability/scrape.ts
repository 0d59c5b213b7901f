import { expect } from "@jest/globals";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import { eventually } from "../support/eventually.ts";
import { sharedStack } from "../support/stack.ts";

export type Labels = Record<string, string>;
export interface Sample {
  name: string;
  labels: Labels;
  value: number;
}

/** Reads the metrics of a process in Prometheus's text format 0.0.4. */
async function read(process: ProcessName): Promise<string> {
  const url = `http://127.0.0.1:${sharedStack().metricsPorts[process]}/metrics`;
  const answer = await fetch(url, { headers: { connection: "close" } });
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
  return await answer.text();
}

/**
 * Reads the metrics until their text changes. All scrapes within a second get the same text, which may be
 * older than this call.
 */
async function scrape(process: ProcessName): Promise<Sample[]> {
  const shared = await read(process);
  const fresh = await eventually(
    () => read(process),
    (text) => text !== shared,
  );
  const lines = fresh.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return {
      name,
      value: Number(value),
      labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
    };
  });
}

export type Scrapes = Record<ProcessName, Sample[]>;

/** Reads the metrics of all processes. The values were computed after the start of this call. */
export async function scrapeAll(): Promise<Scrapes> {
  const all = await Promise.all(PROCESSES.map(async (name) => [name, await scrape(name)]));
  return Object.fromEntries(all);
}
