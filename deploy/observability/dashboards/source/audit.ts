import type { Dashboard } from "./panel.ts";
import { rateBy, rateOrZero } from "./queries.ts";

/** The audit trail and its seals, denials, and data that something else wrote to the databases. */
export const audit: Dashboard = {
  uid: "medconnect-audit",
  title: "MedConnect / Audit",
  description: "Seals and checkpoints of the audit trail, denials, and rows that no service wrote",
  rows: [
    {
      title: "Audit trail",
      panels: [
        {
          title: "Sealed events",
          unit: "ops",
          queries: [{ expr: rateBy("service", "audit_sealed_total"), legend: "{{service}}" }],
        },
        {
          title: "Unsealed events",
          unit: "short",
          queries: [{ expr: "max by (service) (audit_unsealed)", legend: "{{service}}" }],
        },
        {
          title: "Age of the oldest unsealed event",
          unit: "s",
          limit: 120,
          queries: [{ expr: "max by (service) (audit_unsealed_age_seconds)", legend: "{{service}}" }],
        },
        {
          title: "Age of the last checkpoint at the witness",
          unit: "s",
          limit: 600,
          queries: [{ expr: "min by (service) (audit_checkpoint_age_seconds)", legend: "{{service}}" }],
        },
      ],
    },
    {
      title: "Access",
      panels: [
        {
          title: "Calls refused for lack of rights",
          unit: "ops",
          limit: 1,
          queries: [
            {
              expr: rateBy("service, rpc_method", "audit_denials_total"),
              legend: "{{service}} {{rpc_method}}",
            },
          ],
        },
        {
          title: "Break-glass grants",
          unit: "ops",
          queries: [{ expr: rateOrZero('changes_total{action="break_glass.grant"}'), legend: "grants" }],
        },
      ],
    },
    {
      title: "Rows that no service wrote",
      panels: [
        {
          title: "Refused rows",
          unit: "ops",
          queries: [
            { expr: rateOrZero("credentials_refused_total"), legend: "without a proof" },
            { expr: rateOrZero("decryption_refused_total"), legend: "that do not decrypt" },
            { expr: rateOrZero('outbox_delivered_total{result="forged"}'), legend: "events without a MAC" },
            { expr: rateOrZero("audit_checkpoints_refused_total"), legend: "implausible checkpoints" },
          ],
        },
        {
          title: "Refused signing keys",
          unit: "short",
          queries: [{ expr: "max(signing_keys_refused)", legend: "keys" }],
        },
      ],
    },
  ],
};
