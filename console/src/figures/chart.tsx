import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Plot } from "./plots.ts";

const HEIGHT_PX = 200;
const AXIS_FONT = "12px system-ui, sans-serif";
/** Lowest top of the scale, so that its steps are whole numbers. */
const MIN_HIGH = 5;
const DAY_S = 24 * 60 * 60;
const STEPS_S = [1, 2, 7, 14, 30, 60, 90].map((days) => days * DAY_S);
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const SHORT = new Intl.NumberFormat("en-GB", { notation: "compact" });
const SCHEME = matchMedia("(prefers-color-scheme: dark)");

export interface ChartProps {
  plot: Plot;
  /** The days in seconds since 1970. */
  days: number[];
  /** @param day index of the day at which the reader points; undefined: none */
  onDay(day: number | undefined): void;
}

/** Lines over days on a canvas, in the colours of the reader's scheme. */
export function Chart({ plot, days, onDay }: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = element.current;
    if (!parent) return;
    const data: uPlot.AlignedData = [days, ...plot.lines.map(({ values }) => values)];
    const draw = () => new uPlot(optionsOf(plot, parent, onDay), data, parent);
    let drawn = draw();
    const redraw = () => {
      drawn.destroy();
      drawn = draw();
    };
    const resizing = new ResizeObserver(() =>
      drawn.setSize({ width: parent.clientWidth, height: HEIGHT_PX }),
    );
    resizing.observe(parent);
    SCHEME.addEventListener("change", redraw);
    return () => {
      SCHEME.removeEventListener("change", redraw);
      resizing.disconnect();
      drawn.destroy();
    };
  }, [plot, days]);
  return <div class="chart" ref={element} aria-hidden="true" />;
}

function optionsOf({ lines }: Plot, parent: HTMLElement, onDay: ChartProps["onDay"]): uPlot.Options {
  const colour = (name: string) => resolvedColour(parent, name);
  const axis: uPlot.Axis = {
    stroke: colour("--soft-text"),
    font: AXIS_FONT,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: parent.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, drag: { x: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(MIN_HIGH, high)] } },
    axes: [
      {
        ...axis,
        incrs: STEPS_S,
        space: 70,
        size: 28,
        values: (_, ticks) => ticks.map((s) => DAY.format(s * 1000)),
      },
      { ...axis, values: (_, ticks) => ticks.map((value) => SHORT.format(value)) },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: colour(`--series-${index + 1}`),
        width: 2,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onDay(cursor.idx ?? undefined)] },
  };
}

/** The colour that a custom property has in the current scheme, in a form that canvases understand. */
function resolvedColour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}
