import { setTimeout as delay } from "node:timers/promises";
import type { Auth } from "../app.ts";

/**
 * Delays a response until a fixed time after its start, so that the time does not show how much work there
 * was. Work that takes longer than that, such as under overload, still shows.
 */
export async function withConstantResponseTime<T>(
  { constantResponseMs }: Pick<Auth, "constantResponseMs">,
  work: () => Promise<T>,
): Promise<T> {
  const [answer] = await Promise.all([work(), delay(constantResponseMs)]);
  return answer;
}
