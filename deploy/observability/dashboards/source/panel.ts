/** Units of Grafana. */
export type Unit = "s" | "ops" | "reqps" | "percentunit" | "bytes" | "short";

/** A query in PromQL, with the legend of its series: Grafana replaces `{{label}}` by the label's value. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** A panel with curves over time. */
export interface Panel {
  readonly title: string;
  /** Meaning of the panel, where its title does not say it. */
  readonly description?: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Limit at which an alert fires; drawn as a line. */
  readonly limit?: number;
  /** True to draw the sum of the series, one above the other. */
  readonly isStacked?: boolean;
}

/** A dashboard. Each row has panels of equal width. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
