import type { Unit } from "@medconnect/deploy/observability/dashboards/source/panel.ts";

/** A series of a panel, with a value for each time; null where it has none. */
export interface PanelLine {
  label: string;
  values: (number | null)[];
}

/** A panel with the values that it shows. */
export interface PanelData {
  title: string;
  unit: Unit;
  limit?: number | undefined;
  lines: PanelLine[];
  /** Number of further series, whose peaks are lower than those of the lines. */
  hidden: number;
}

/** A dashboard with its latest values. */
export interface DashboardData {
  title: string;
  /** Seconds since 1970. */
  times: number[];
  alerts: FiringAlert[];
  rows: { title: string; panels: PanelData[] }[];
}

export interface FiringAlert {
  name: string;
  severity: string;
  summary: string;
  /** Path of its section in the runbooks. */
  runbook: string;
}
