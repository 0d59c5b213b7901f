import type { Dashboard, Panel, Row } from "./panel.ts";

const GRID_WIDTH = 24;
const PANEL_HEIGHT = 8;
/** Version of Grafana's dashboard format. Newer Grafana migrates it. */
const SCHEMA_VERSION = 42;
/** The datasource that the variable of the dashboard chooses. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana replaces the variable
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

interface Place {
  id: number;
  y: number;
}

/** Converts a dashboard to the JSON that Grafana imports. */
export function grafanaJson({ uid, title, description, rows }: Dashboard): object {
  const place: Place = { id: 1, y: 0 };
  return {
    uid,
    title,
    description,
    tags: ["medconnect"],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    time: { from: "now-3h", to: "now" },
    refresh: "30s",
    annotations: { list: [] },
    templating: { list: [datasourceVariable()] },
    panels: rows.flatMap((row) => rowOf(row, place)),
  };
}

const datasourceVariable = () => ({
  type: "datasource",
  name: "datasource",
  label: "Prometheus",
  query: "prometheus",
  current: { text: "default", value: "default" },
});

function rowOf({ title, panels }: Row, place: Place): object[] {
  const header = { type: "row", id: place.id++, title, collapsed: false, panels: [] };
  const heading = { ...header, gridPos: { x: 0, y: place.y, w: GRID_WIDTH, h: 1 } };
  const w = GRID_WIDTH / panels.length;
  const y = place.y + 1;
  place.y = y + PANEL_HEIGHT;
  return [
    heading,
    ...panels.map((panel, i) => panelOf(panel, place.id++, { x: i * w, y, w, h: PANEL_HEIGHT })),
  ];
}

function panelOf(panel: Panel, id: number, gridPos: object): object {
  const { title, description, queries, unit, limit, isStacked = false } = panel;
  return {
    type: "timeseries",
    id,
    title,
    ...(description !== undefined && { description }),
    datasource: DATASOURCE,
    gridPos,
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      range: true,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: {
          lineWidth: 1,
          fillOpacity: isStacked ? 30 : 0,
          showPoints: "never",
          spanNulls: false,
          stacking: { mode: isStacked ? "normal" : "none", group: "A" },
          thresholdsStyle: { mode: limit === undefined ? "off" : "line" },
        },
        ...(limit !== undefined && { thresholds: thresholds(limit) }),
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "table", placement: "bottom", showLegend: true, calcs: ["lastNotNull", "max"] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
}

const thresholds = (limit: number) => ({
  mode: "absolute",
  steps: [
    { value: null, color: "green" },
    { value: limit, color: "red" },
  ],
});
