const PERIODS: readonly [days: number, label: string][] = [
  [7, "7 days"],
  [30, "30 days"],
  [90, "90 days"],
  [365, "1 year"],
];

/** Chooses the number of days that the figures cover. */
export const Period = ({ days, onChange }: { days: number; onChange(days: number): void }) => (
  <fieldset class="choice">
    <legend>Period</legend>
    {PERIODS.map(([value, label]) => (
      <label key={value}>
        <input type="radio" name="period" checked={value === days} onChange={() => onChange(value)} />
        {label}
      </label>
    ))}
  </fieldset>
);
