import { setTimeout as delay } from "node:timers/promises";
import type { Auth } from "../app.ts";

/**
 * Delays a response until a fixed time after its start, so that the response time does not show how much work
 * was done. Work that takes longer than the fixed time, such as under overload, still shows.
 */
export async function withConstantResponseTime<T>(
  { constantResponseMs }: Pick<Auth, "constantResponseMs">,
  work: () => Promise<T>,
): Promise<T> {
  const [answer] = await Promise.all([work(), delay(constantResponseMs)]);
  return answer;
}
