import type { Dashboard } from "./panel.ts";
import { quantileBy, rateBy, rateOrZero } from "./queries.ts";

const changes = (title: string, action: string) =>
  ({
    title,
    unit: "ops",
    queries: [
      {
        expr: rateBy("action, outcome", `changes_total{action=~"${action}"}`),
        legend: "{{action}} {{outcome}}",
      },
    ],
  }) as const;

/** Bookings and consultations, and the money behind them. */
export const bookings: Dashboard = {
  uid: "medconnect-bookings",
  title: "MedConnect / Bookings and money",
  description: "Committed changes of bookings, consultations and payments, and checks of the money",
  rows: [
    {
      title: "Committed changes",
      panels: [
        changes("Bookings", "booking\\\\..*"),
        changes("Consultations", "consultation\\\\..*"),
        changes("Payments", "payment\\\\..*|refund\\\\..*"),
      ],
    },
    {
      title: "Payment provider",
      panels: [
        {
          title: "Age of the oldest pending step",
          unit: "s",
          limit: 7200,
          queries: [{ expr: "max by (kind) (payment_processing_age_seconds)", legend: "{{kind}}" }],
        },
        {
          title: "Pending and stopped steps",
          description: "stopped: the provider refused every retry of a refund or release",
          unit: "short",
          queries: [
            { expr: "max by (kind, state) (payment_processing_waiting)", legend: "{{kind}} {{state}}" },
          ],
        },
        {
          title: "Calls to the provider, median",
          unit: "s",
          limit: 2,
          queries: [
            {
              expr: quantileBy("operation", "payment_provider_call_duration_seconds", 0.5),
              legend: "{{operation}}",
            },
          ],
        },
        {
          title: "Fees lost",
          description: "Captures that can no longer be made",
          unit: "ops",
          queries: [
            {
              expr: rateOrZero('changes_total{action="payment.capture",outcome="FAILURE"}'),
              legend: "captures",
            },
          ],
        },
      ],
    },
    {
      title: "Ledger and reconciliation",
      panels: [
        {
          title: "Violations of the ledger",
          unit: "short",
          queries: [{ expr: "max by (check) (ledger_violations)", legend: "{{check}}" }],
        },
        {
          title: "Disagreements about bookings",
          unit: "ops",
          queries: [
            { expr: rateOrZero('reconciliation_disagreements_total{repaired="true"}'), legend: "repaired" },
            { expr: rateOrZero('reconciliation_disagreements_total{repaired="false"}'), legend: "left" },
          ],
        },
        {
          title: "Age of the last checks",
          description: "Empty before the first check",
          unit: "s",
          limit: 1800,
          queries: [
            { expr: "time() - max(ledger_last_run_timestamp_seconds > 0)", legend: "ledger" },
            { expr: "time() - max(reconciliation_last_run_timestamp_seconds > 0)", legend: "reconciliation" },
          ],
        },
      ],
    },
    {
      title: "Work of admins and doctors",
      panels: [
        {
          title: "Licences without a decision",
          unit: "short",
          queries: [{ expr: "max(licenses_pending)", legend: "licences" }],
        },
        {
          title: "Age of the oldest licence without a decision",
          unit: "s",
          limit: 259_200,
          queries: [{ expr: "max(licenses_pending_age_seconds)", legend: "licence" }],
        },
        {
          title: "Patients who wait past the end",
          description: "Above 0 for long only if the sweep of no-shows does not run",
          unit: "short",
          queries: [{ expr: "max(consultation_waiting_in_vain)", legend: "consultations" }],
        },
      ],
    },
  ],
};
