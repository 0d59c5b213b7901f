import { useId } from "preact/hooks";

export interface TextAreaProps {
  label: string;
  name: string;
  hint: string;
  maxLength: number;
}

/** A field for sentences. */
export function TextArea({ label, name, hint, maxLength }: TextAreaProps) {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <textarea id={id} name={name} rows={3} maxLength={maxLength} aria-describedby={`${id}-hint`} required />
      <small id={`${id}-hint`} class="hint">
        {hint}
      </small>
    </p>
  );
}
