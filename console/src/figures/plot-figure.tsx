import { useId, useState } from "preact/hooks";
import { type Axes, Chart } from "./chart.tsx";
import { DAY_S, type Plot, totalOf } from "./plots.ts";

const AXIS_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact" });
const AXES: Axes = {
  stepsS: [1, 2, 7, 14, 30, 60, 90].map((days) => days * DAY_S),
  timeText: (seconds) => AXIS_DAY.format(seconds * 1000),
  valueText: SHORT.format,
  // Then the steps of the scale are whole numbers.
  minHigh: 5,
};
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const dayOf = (seconds: number): string => DAY.format(seconds * 1000);

/** A plot with its legend, and its values as a table for readers who cannot see or point at the plot. */
export function PlotFigure({ plot, days }: { plot: Plot; days: number[] }) {
  const [day, setDay] = useState<number>();
  const id = useId();
  return (
    <figure class="plot" aria-labelledby={id}>
      <div class="plot-head">
        <h2 id={id}>{plot.title}</h2>
        <span>{day === undefined ? `Total of ${days.length} days` : dayOf(days[day] ?? 0)}</span>
      </div>
      <ul class="legend">
        {plot.lines.map((line, index) => (
          <li key={line.label}>
            <i class={`series-${index + 1}`} />
            {line.label}
            <b>{plot.format(day === undefined ? totalOf(line) : (line.values[day] ?? 0))}</b>
          </li>
        ))}
      </ul>
      <Chart lines={plot.lines} times={days} axes={AXES} onPoint={setDay} />
      <details>
        <summary>
          Values <span class="unseen">of {plot.title}</span> by day
        </summary>
        <ValueTable plot={plot} days={days} />
      </details>
    </figure>
  );
}

const ValueTable = ({ plot, days }: { plot: Plot; days: number[] }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
  <section class="scrolled" tabIndex={0} aria-label={`Values of ${plot.title}`}>
    <table>
      <thead>
        <tr>
          <th scope="col">Day</th>
          {plot.lines.map(({ label }) => (
            <th key={label} scope="col" class="number">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {days
          .map((seconds, day) => (
            <tr key={seconds}>
              <th scope="row">{dayOf(seconds)}</th>
              {plot.lines.map(({ label, values }) => (
                <td key={label} class="number">
                  {plot.format(values[day] ?? 0)}
                </td>
              ))}
            </tr>
          ))
          .reverse()}
      </tbody>
    </table>
  </section>
);
