import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
import type { Panel } from "@medconnect/deploy/observability/dashboards/source/panel.ts";
import type { Prometheus } from "../prometheus/prometheus.ts";
import type { DashboardData, PanelData } from "./page/data.ts";
import { highest, linesOf } from "./panel-lines.ts";

/** Window of rates. Prometheus scrapes each second here. */
const RATE_INTERVAL = "10s";
const WINDOW_S = 150;
const STEP_S = 2;

/** Asks Prometheus for all panels of a dashboard, with the very queries that Grafana would send. */
export async function dashboardData(prometheus: Prometheus, name: string): Promise<DashboardData> {
  const dashboard = DASHBOARDS[name];
  if (!dashboard) throw new Error(`There is no dashboard "${name}".`);
  const endS = Math.floor(Date.now() / 1000);
  const times = Array.from({ length: WINDOW_S / STEP_S + 1 }, (_, i) => endS - WINDOW_S + i * STEP_S);
  const rows = dashboard.rows.map(async ({ title, panels }) => ({
    title,
    panels: await Promise.all(panels.map((panel) => panelData(prometheus, panel, times))),
  }));
  const alerts = (await prometheus.alerts()).map(({ labels, annotations }) => ({
    name: labels.alertname,
    severity: labels.severity,
    summary: annotations.summary,
    runbook: annotations.runbook_url,
  }));
  return { title: dashboard.title, times, alerts, rows: await Promise.all(rows) };
}

async function panelData(prometheus: Prometheus, panel: Panel, times: readonly number[]): Promise<PanelData> {
  const { title, unit, limit, queries } = panel;
  const lines = queries.map(async (query) => {
    const expr = query.expr.replaceAll("$__rate_interval", RATE_INTERVAL);
    const [fromS, untilS] = [times[0]!, times.at(-1)!];
    return linesOf(query, await prometheus.range(expr, fromS * 1000, STEP_S, untilS * 1000), times);
  });
  return { title, unit, limit, ...highest((await Promise.all(lines)).flat()) };
}
