import { figures } from "@medconnect/platform/stats/figures.ts";
import { byName, lastDays } from "@medconnect/platform/stats/utc-days.ts";
import type { UserStats } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { countByDay, countByRole } from "./stats-store.ts";

/** UserService.GetUserStats. The counts are cached, so they are up to 15 seconds old. */
export const getUserStats = figures("stats/users", async (app: Auth): Promise<UserStats> => {
  const days = lastDays(app.clock.now());
  // The counts run one after the other, because the connection pool for scans is small.
  const roles = await countByRole(app.db);
  // biome-ignore lint/style/noNonNullAssertion: `lastDays` returns seven dates
  const made = await countByDay(app.db, new Date(days[0]!));
  return {
    usersByRole: byName(roles, ["PATIENT", "DOCTOR", "ADMIN"]),
    registrationsByDay: byName(made, days),
  };
});
