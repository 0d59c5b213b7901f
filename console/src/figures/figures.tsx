import { getDailyStats } from "@medconnect/client";
import { useState } from "preact/hooks";
import { Choice } from "../parts/choice.tsx";
import { Heading } from "../parts/heading.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { useLoad } from "../parts/use-load.ts";
import { useAdminCalls } from "../session/admin-calls.ts";
import { PlotFigure } from "./plot-figure.tsx";
import { daysOf, plotsOf } from "./plots.ts";

const PERIODS: readonly (readonly [days: number, label: string])[] = [
  [7, "7 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "1 year"],
];

/** Figures of the platform by day. */
export function Figures() {
  const calls = useAdminCalls();
  const [days, setDays] = useState(30);
  const stats = useLoad((signal) => calls.call(getDailyStats, { days }, { signal }), [days]);
  return (
    <>
      <div class="head">
        <Heading title="Figures" />
        <Choice legend="Period" options={PERIODS} value={days} onChange={(value) => setDays(value)} />
      </div>
      <Loaded load={stats}>
        {(shown) => {
          const count = shown.series[0]?.values.length ?? days;
          const dates = daysOf(shown, count);
          return (
            <>
              {shown.unavailable.length > 0 && (
                <Missing services={shown.unavailable} onRetry={stats.reload} />
              )}
              <div class="plots">
                {plotsOf(shown, count).map((plot) => (
                  <PlotFigure key={plot.title} plot={plot} days={dates} />
                ))}
              </div>
              <p class="hint">Days are those of UTC. The last one is not over.</p>
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const Missing = ({ services, onRetry }: { services: string[]; onRetry(): void }) => (
  <div class="problem" role="status">
    <p>The figures of {services.join(", ")} are missing, because the service did not answer.</p>
    <button type="button" onClick={onRetry}>
      Try again
    </button>
  </div>
);
