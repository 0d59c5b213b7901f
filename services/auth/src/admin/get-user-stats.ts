import { byName, lastDays } from "@medconnect/platform/utc-days.ts";
import type { UserStats } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { countByDay, countByRole } from "./stats-store.ts";

/** UserService.GetUserStats. */
export const getUserStats = (app: Auth) => async (): Promise<UserStats> => {
  const days = lastDays(app.clock.now());
  const [roles, made] = await Promise.all([countByRole(app.db), countByDay(app.db, new Date(days[0]!))]);
  return {
    usersByRole: byName(roles, ["PATIENT", "DOCTOR", "ADMIN"]),
    registrationsByDay: byName(made, days),
  };
};
