import type { Span } from "@medconnect/dev/traces/span.ts";
import type { Trace } from "@medconnect/dev/traces/waterfall.ts";
import { FAULT, searchUrl } from "./fault.ts";

/** A statement in the trace of a request. */
export interface SlowStatement {
  trace: Trace;
  statement: string;
  /** Whole ms. */
  durationMs: number;
}

/** Share of a request that statements fill if nothing else slows it, such as the payment provider. */
const FILLED = 0.9;

/**
 * Finds the slowest statement of billing in the slowest request that the search finds. The request succeeded, and
 * the fault slowed its statements.
 */
export async function slowStatement(traces: string): Promise<SlowStatement | undefined> {
  const found = await read<Trace[]>(searchUrl(traces));
  const succeeded = found.filter(({ status, isError }) => status !== "" && !isError);
  for (const { id } of succeeded.toSorted((a, b) => b.durationMs - a.durationMs)) {
    const trace = await read<Trace>(`${traces}/${id}`);
    const { durationMs, spans } = trace;
    const statements = spans.filter(isStatement).toSorted((a, b) => b.durationMs - a.durationMs);
    const [slowest] = statements;
    const filledMs = statements.reduce((sum, span) => sum + span.durationMs, 0);
    if (!slowest || slowest.durationMs < FAULT.latencyMs || filledMs < FILLED * durationMs) continue;
    const statement = slowest.attributes["db.query.text"]!.replaceAll(/\s+/g, " ");
    return { trace, statement, durationMs: Math.round(slowest.durationMs) };
  }
  return undefined;
}

const isStatement = ({ service, attributes }: Span): boolean =>
  service === "billing" && "db.query.text" in attributes;

async function read<Answer>(url: string): Promise<Answer> {
  const answer = await fetch(url, { headers: { accept: "application/json" } });
  return (await answer.json()) as Answer;
}
