import type { Unit } from "@medconnect/deploy/observability/dashboards/source/panel.ts";

const DAY_S = 24 * 60 * 60;

const rounded = (value: number): string => String(Number(value.toPrecision(2)));

function seconds(value: number): string {
  if (value >= DAY_S) return `${Math.round(value / DAY_S)} d`;
  if (value !== 0 && value < 1) return `${rounded(value * 1000)} ms`;
  return `${value < 100 ? rounded(value) : Math.round(value)} s`;
}

/** Text of a value in a unit of Grafana, with two digits. */
export function format(value: number, unit: Unit): string {
  switch (unit) {
    case "s":
      return seconds(value);
    case "ops":
    case "reqps":
      return `${rounded(value)}/s`;
    case "percentunit":
      return `${rounded(value * 100)} %`;
    case "bytes":
      return `${Math.round(value / 1e6)} MB`;
    case "short":
      return value >= 1000 ? `${rounded(value / 1000)} k` : rounded(value);
  }
}
