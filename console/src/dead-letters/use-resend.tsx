import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../parts/problem.tsx";

/** Sends messages of a list again, and tells how the last one went. */
export interface Resend {
  /** @param done text after a success */
  send(done: string, work: () => Promise<void>): Promise<void>;
  outcome: ComponentChildren;
}

export function useResend(): Resend {
  const [last, setLast] = useState<{ done?: string; error?: unknown }>({});
  const send = async (done: string, work: () => Promise<void>) => {
    setLast({});
    try {
      await work();
      setLast({ done });
    } catch (error) {
      setLast({ error });
    }
  };
  const outcome = (
    <>
      {last.error !== undefined && <Problem error={last.error} />}
      <p class="done" role="status">
        {last.done}
      </p>
    </>
  );
  return { send, outcome };
}
