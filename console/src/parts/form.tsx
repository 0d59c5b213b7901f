import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "./problem.tsx";

export interface FormProps {
  children: ComponentChildren;
  /** Label of the button that submits. */
  submit: string;
  /** A rejection is shown above the fields, and the input stays. */
  onSubmit(data: FormData): Promise<void>;
  /** Further buttons. */
  actions?: ComponentChildren;
  danger?: boolean;
}

/** A form that shows its progress and its failure. */
export function Form({ children, submit, onSubmit, actions, danger = false }: FormProps) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit(new FormData(event.currentTarget as HTMLFormElement));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={send} aria-busy={isBusy}>
      {error !== undefined && <Problem error={error} />}
      {children}
      <p class="actions">
        <button type="submit" class={danger ? "danger" : "primary"} aria-disabled={isBusy}>
          {isBusy ? "One moment …" : submit}
        </button>
        {actions}
      </p>
    </form>
  );
}

/** The text of a field, without spaces around it unless it is a password. */
export function textOf(data: FormData, name: string): string {
  const text = String(data.get(name) ?? "");
  return name === "password" ? text : text.trim();
}
