// A page that draws one dashboard as Grafana would, with the console's chart code.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Axes, Chart } from "../../../../console/src/figures/chart.tsx";
import type { DashboardData, PanelData } from "./data.ts";
import { format } from "./format.ts";
import "uplot/dist/uPlot.min.css";
import "../../../../console/src/styles/base.css";
import "../../../../console/src/styles/figures.css";
import "./page.css";

const REFRESH_MS = 5000;
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const NAMES = ["requests", "database", "events", "bookings", "audit", "processes"];
const { pathname } = location;

function Page() {
  const [data, setData] = useState<DashboardData>();
  useEffect(() => {
    const load = async () => setData(await (await fetch(`/data${pathname}`)).json());
    void load();
    const timer = setInterval(load, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  if (!data) return <p class="loading">Loading …</p>;
  return (
    <main>
      <nav>
        {NAMES.map((name) => (
          <a key={name} href={`/${name}`} aria-current={pathname === `/${name}` ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <h1>{data.title}</h1>
      {data.alerts.map(({ name, severity, summary, runbook }) => (
        <p key={name + summary} class="problem" role="status">
          <b>{name}</b> ({severity}): {summary}. <a href={`/${runbook}`}>{runbook}</a>
        </p>
      ))}
      {data.rows.map(({ title, panels }) => (
        <section key={title}>
          <h2>{title}</h2>
          <div class="panels">
            {panels.map((panel) => (
              <PanelFigure key={panel.title} panel={panel} times={data.times} />
            ))}
          </div>
        </section>
      ))}
    </main>
  );
}

const PanelFigure = ({ panel, times }: { panel: PanelData; times: number[] }) => (
  <figure class="plot">
    <h3>{panel.title}</h3>
    <Chart lines={panel.lines} times={times} axes={axesOf(panel)} limit={panel.limit} />
    <ul class="legend">
      {panel.lines.map(({ label, values }, index) => (
        <li key={label}>
          <i class={`series-${index + 1}`} />
          <span>{label}</span>
          <b>{format(values.findLast((value) => value !== null) ?? 0, panel.unit)}</b>
        </li>
      ))}
      {panel.hidden > 0 && <li class="hint">and {panel.hidden} lower series</li>}
      {panel.lines.length === 0 && <li class="hint">no data</li>}
    </ul>
  </figure>
);

const axesOf = ({ unit }: PanelData): Axes => ({
  stepsS: [60],
  timeText: (seconds) => TIME.format(seconds * 1000),
  valueText: (value) => format(value, unit),
  minHigh: unit === "percentunit" ? 0.01 : unit === "s" ? 0.01 : 1,
  width: 68,
});

render(<Page />, document.body);
