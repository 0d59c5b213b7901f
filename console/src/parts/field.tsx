import type { InputHTMLAttributes } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export type FieldProps = InputHTMLAttributes<HTMLInputElement> & {
  label: string;
  name: string;
  hint?: string;
  /** True for the field in which a form begins. */
  focused?: boolean;
  optional?: boolean;
};

/** An input with its label. */
export function Field({ label, hint, focused = false, optional = false, ...input }: FieldProps) {
  const id = useId();
  const element = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focused) element.current?.focus();
  }, [focused]);
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        ref={element}
        required={!optional}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...input}
      />
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </p>
  );
}
