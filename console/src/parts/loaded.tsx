import type { ComponentChildren } from "preact";
import { Problem } from "./problem.tsx";
import type { Load } from "./use-load.ts";

export interface LoadedProps<Value> {
  load: Load<Value>;
  children(value: Value): ComponentChildren;
}

/** Shows loaded content; before it, that it is on its way, or why it is not. */
export function Loaded<Value>({ load: { value, error, isLoading, reload }, children }: LoadedProps<Value>) {
  if (error !== undefined)
    return (
      <Problem error={error}>
        <button type="button" onClick={reload}>
          Try again
        </button>
      </Problem>
    );
  if (value === undefined) return <Loading />;
  return (
    <div class="loaded" aria-busy={isLoading}>
      {children(value)}
    </div>
  );
}

const Loading = () => (
  <p class="loading" role="status">
    Loading …
  </p>
);
