import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

const HEIGHT_PX = 200;
const AXIS_FONT = "12px system-ui, sans-serif";
const SCHEME = matchMedia("(prefers-color-scheme: dark)");

/** Marks and texts of a chart's axes. */
export interface Axes {
  /** Possible distances between the marks of the time axis, in seconds. */
  stepsS: number[];
  timeText(seconds: number): string;
  valueText(value: number): string;
  /** Lowest top of the scale of values. */
  minHigh: number;
  /** Width of the texts at the scale of values, in pixels. */
  width?: number;
}

export interface ChartProps {
  /** Values of each line at the times; null leaves a gap. */
  lines: readonly { values: (number | null)[] }[];
  /** Seconds since 1970. */
  times: number[];
  axes: Axes;
  /** Value at which a dashed line is drawn, unless it is above the scale. */
  limit?: number | undefined;
  /** @param index index of the time at which the reader points; undefined: none */
  onPoint?(index: number | undefined): void;
}

/** Lines over time on a canvas, in the colours of the reader's scheme. */
export function Chart(props: ChartProps) {
  const { lines, times, limit } = props;
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = element.current;
    if (!parent) return;
    const limits = limit === undefined ? [] : [times.map(() => limit)];
    const data: uPlot.AlignedData = [times, ...lines.map(({ values }) => values), ...limits];
    const draw = () => new uPlot(optionsOf(props, parent), data, parent);
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
  }, [lines, times]);
  return <div class="chart" ref={element} aria-hidden="true" />;
}

function optionsOf({ lines, axes, limit, onPoint }: ChartProps, parent: HTMLElement): uPlot.Options {
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
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(axes.minHigh, high)] } },
    axes: [
      {
        ...axis,
        incrs: axes.stepsS,
        space: 70,
        size: 28,
        values: (_, ticks) => ticks.map(axes.timeText),
      },
      {
        ...axis,
        ...(axes.width !== undefined && { size: axes.width }),
        values: (_, ticks) => ticks.map(axes.valueText),
      },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: colour(`--series-${index + 1}`),
        width: 2,
        points: { show: false },
      })),
      ...(limit === undefined ? [] : [limitSeries(colour("--danger"))]),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint?.(cursor.idx ?? undefined)] },
  };
}

/** The scale does not grow for a limit. */
const limitSeries = (stroke: string): uPlot.Series => ({
  stroke,
  dash: [6, 4],
  auto: false,
  points: { show: false },
});

/** The colour that a custom property has in the current scheme, in a form that canvases understand. */
function resolvedColour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}
