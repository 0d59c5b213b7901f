import type { Dashboard } from "./panel.ts";
import { rateBy } from "./queries.ts";

const WAY = "service, destination";
const WAY_LEGEND = "{{service}} → {{destination}}";

/** Events between the services, from the outbox to the consumer, and mails. */
export const events: Dashboard = {
  uid: "medconnect-events",
  title: "MedConnect / Events",
  description: "Events from the outbox of a service to their consumers, and mails",
  rows: [
    {
      title: "Outbox",
      panels: [
        {
          title: "Age of the oldest event",
          description: "All instances of a service report the same table, so the largest value counts",
          unit: "s",
          limit: 60,
          queries: [{ expr: `max by (${WAY}) (outbox_age_seconds)`, legend: WAY_LEGEND }],
        },
        {
          title: "Waiting events",
          unit: "short",
          queries: [{ expr: `max by (${WAY}) (outbox_waiting{state="waiting"})`, legend: WAY_LEGEND }],
        },
        {
          title: "Dead events",
          description: "npm run outbox -- list --dead",
          unit: "short",
          queries: [{ expr: `max by (${WAY}) (outbox_waiting{state="dead"})`, legend: WAY_LEGEND }],
        },
      ],
    },
    {
      title: "Delivery",
      panels: [
        {
          title: "Delivered events",
          unit: "ops",
          queries: [{ expr: rateBy(WAY, 'outbox_delivered_total{result="applied"}'), legend: WAY_LEGEND }],
        },
        {
          title: "Deliveries that failed",
          unit: "ops",
          queries: [
            {
              expr: rateBy(`${WAY}, result`, 'outbox_delivered_total{result!="applied"}'),
              legend: `${WAY_LEGEND} {{result}}`,
            },
          ],
        },
        {
          title: "Age of the last count of tables",
          description: "Beyond 5 minutes, the values of this dashboard are old",
          unit: "s",
          limit: 300,
          queries: [
            { expr: "time() - min by (service) (metrics_sample_timestamp_seconds)", legend: "{{service}}" },
          ],
        },
      ],
    },
    {
      title: "Mails",
      panels: [
        {
          title: "Attempts to send",
          unit: "ops",
          queries: [{ expr: rateBy("template, result", "mails_total"), legend: "{{template}} {{result}}" }],
        },
        {
          title: "Unsent mails",
          unit: "short",
          queries: [{ expr: "max by (state) (mails_waiting)", legend: "{{state}}" }],
        },
      ],
    },
  ],
};
