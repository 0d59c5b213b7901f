export interface ChoiceProps<Value> {
  /** Name of the choice, for screen readers. */
  legend: string;
  options: readonly (readonly [value: Value, label: string])[];
  value: Value;
  onChange(value: Value): void;
}

/** One of a few options. */
export const Choice = <Value extends string | number>({
  legend,
  options,
  value,
  onChange,
}: ChoiceProps<Value>) => (
  <fieldset class="choice">
    <legend>{legend}</legend>
    {options.map(([option, label]) => (
      <label key={option}>
        <input type="radio" name={legend} checked={option === value} onChange={() => onChange(option)} />
        {label}
      </label>
    ))}
  </fieldset>
);
