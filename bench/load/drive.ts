import { quantile } from "../statistics.ts";
import type { LoadResult } from "./tasks.ts";

/**
 * Lets each client do one thing after the other until the time is up; what was begun is finished.
 *
 * @param act one operation of one client; resolves to false where there is nothing left to do
 */
export async function drive(
  clients: number,
  seconds: number,
  act: (client: number) => Promise<unknown>,
): Promise<LoadResult> {
  const beginMs = performance.now();
  const endMs = beginMs + seconds * 1000;
  const durationsMs: number[] = [];
  const loop = async (client: number) => {
    for (let now = performance.now(); now < endMs; ) {
      if ((await act(client)) === false) return;
      const then = performance.now();
      durationsMs.push(then - now);
      now = then;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  return {
    operations: durationsMs.length,
    seconds: (performance.now() - beginMs) / 1000,
    p50Ms: quantile(durationsMs, 0.5),
    p99Ms: quantile(durationsMs, 0.99),
  };
}
