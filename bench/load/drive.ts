import { quantile } from "../statistics.ts";
import type { LoadResult } from "./tasks.ts";

/**
 * Lets each client repeat an operation until the time is up. Then waits for the operations that have started.
 *
 * @param act runs one operation of one client; resolves to false if nothing is left to do
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
