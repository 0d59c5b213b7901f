import { setTimeout as delay } from "node:timers/promises";
import type { Auth } from "../app.ts";

/**
 * Has an answer leave a set time after the work for it began, so that it does not tell how much work there was. Only work
 * that takes longer than that, on a machine that cannot keep up, shows.
 */
export async function withConstantResponseTime<T>(
  { alikeMs }: Pick<Auth, "alikeMs">,
  work: () => Promise<T>,
): Promise<T> {
  const [answer] = await Promise.all([work(), delay(alikeMs)]);
  return answer;
}
