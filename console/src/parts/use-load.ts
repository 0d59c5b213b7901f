import { useEffect, useState } from "preact/hooks";

/** Content that is loaded, and loaded again when its inputs change. */
export interface Load<Value> {
  /** The last content that arrived. It stays while the next one is loaded. */
  value: Value | undefined;
  error: unknown;
  isLoading: boolean;
  reload(): void;
}

/**
 * Loads content.
 *
 * @param load its signal aborts when the content is no longer wanted
 * @param inputs values that `load` depends on
 */
export function useLoad<Value>(
  load: (signal: AbortSignal) => PromiseLike<Value>,
  inputs: readonly unknown[],
): Load<Value> {
  const [state, setState] = useState<{ value?: Value; error?: unknown; isLoading: boolean }>({
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState(({ value }) => ({ ...(value !== undefined && { value }), isLoading: true }));
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ value, isLoading: false }),
      (error) => !abort.signal.aborted && setState({ error, isLoading: false }),
    );
    return () => abort.abort();
  }, [...inputs, round]);
  return {
    value: state.value,
    error: state.error,
    isLoading: state.isLoading,
    reload: () => setRound(round + 1),
  };
}
