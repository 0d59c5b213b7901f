import { setTimeout as delay } from "node:timers/promises";
import type { Auth } from "../app.ts";

/**
 * Delays a response until a fixed time after the start of `work`, so that the response time does not show how
 * much work was done. If the work takes longer, such as under overload, the response time does show it.
 */
export async function withConstantResponseTime<T>(
  { constantResponseMs }: Pick<Auth, "constantResponseMs">,
  work: () => Promise<T>,
): Promise<T> {
  const [answer] = await Promise.all([work(), delay(constantResponseMs)]);
  return answer;
}
