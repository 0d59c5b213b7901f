import { byName, lastDays } from "@medconnect/platform/utc-days.ts";
import type { ConsultationStats } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { countByStatus, countCompletedByDay } from "./consultation-store.ts";

/** ConsultationService.GetConsultationStats. */
export const getConsultationStats = (app: Clinical) => async (): Promise<ConsultationStats> => {
  const days = lastDays(app.clock.now());
  const [statuses, completed] = await Promise.all([
    countByStatus(app.db),
    countCompletedByDay(app.db, new Date(days[0]!)),
  ]);
  return { consultationsByStatus: byName(statuses), completedByDay: byName(completed, days) };
};
