import { figures } from "@medconnect/platform/stats/figures.ts";
import { byName, lastDays } from "@medconnect/platform/stats/utc-days.ts";
import type { ConsultationStats } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Clinical } from "../app.ts";
import { countByStatus, countCompletedByDay } from "./consultation-store.ts";

/** ConsultationService.GetConsultationStats. Figures are at most 15 s old. */
export const getConsultationStats = figures(
  "stats/consultations",
  async (app: Clinical): Promise<ConsultationStats> => {
    const days = lastDays(app.businessClock.now());
    // The statements run one after the other, because only a few connections may run scans.
    const statuses = await countByStatus(app.db);
    // biome-ignore lint/style/noNonNullAssertion: `lastDays` returns seven dates
    const completed = await countCompletedByDay(app.db, new Date(days[0]!));
    return { consultationsByStatus: byName(statuses), completedByDay: byName(completed, days) };
  },
);
