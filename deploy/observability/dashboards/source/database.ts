import type { Dashboard } from "./panel.ts";
import { quantileBy, rateBy } from "./queries.ts";

const DURATION = "db_client_operation_duration_seconds";
const MYSQL = '{db_system_name="mysql"}';
const REDIS = '{db_system_name="redis"}';
const failed = (system: string) => `{db_system_name="${system}",error_type!=""}`;
const POOL = "service, db_client_connection_pool_name";
const POOL_LEGEND = "{{service}} {{db_client_connection_pool_name}}";

/** MySQL and Redis, as the processes see them. */
export const database: Dashboard = {
  uid: "medconnect-database",
  title: "MedConnect / Database",
  description: "Round trips to MySQL and Redis, and the connection pools",
  rows: [
    {
      title: "MySQL",
      panels: [
        {
          title: "Round trips",
          description: "BATCH: several statements of a transaction in one round trip",
          unit: "ops",
          queries: [
            {
              expr: rateBy("service, db_operation_name", `${DURATION}_count${MYSQL}`),
              legend: "{{service}} {{db_operation_name}}",
            },
          ],
        },
        {
          title: "Median duration",
          description: "Rises if MySQL or the network to it is slow, and not for single statements",
          unit: "s",
          limit: 0.1,
          queries: [{ expr: quantileBy("service", DURATION, 0.5, MYSQL), legend: "{{service}}" }],
        },
        {
          title: "Duration, 99th percentile",
          unit: "s",
          queries: [
            {
              expr: quantileBy("service, db_operation_name", DURATION, 0.99, MYSQL),
              legend: "{{service}} {{db_operation_name}}",
            },
          ],
        },
        {
          title: "Errors",
          unit: "ops",
          queries: [
            {
              expr: rateBy("service, error_type", `${DURATION}_count${failed("mysql")}`),
              legend: "{{service}} {{error_type}}",
            },
          ],
        },
      ],
    },
    {
      title: "Connections",
      panels: [
        {
          title: "Share in use",
          unit: "percentunit",
          limit: 1,
          queries: [
            {
              expr: `sum by (${POOL}) (db_client_connections{db_client_connection_state="used"}) / sum by (${POOL}) (db_client_connection_max)`,
              legend: POOL_LEGEND,
            },
          ],
        },
        {
          title: "Requests that wait for a connection",
          unit: "short",
          queries: [
            { expr: `sum by (${POOL}) (db_client_connection_pending_requests)`, legend: POOL_LEGEND },
          ],
        },
        {
          title: "Open connections",
          unit: "short",
          isStacked: true,
          queries: [{ expr: "sum by (service) (db_client_connections)", legend: "{{service}}" }],
        },
      ],
    },
    {
      title: "Redis",
      panels: [
        {
          title: "Commands",
          unit: "ops",
          queries: [
            {
              expr: rateBy("service, db_operation_name", `${DURATION}_count${REDIS}`),
              legend: "{{service}} {{db_operation_name}}",
            },
          ],
        },
        {
          title: "Duration, 99th percentile",
          unit: "s",
          queries: [{ expr: quantileBy("service", DURATION, 0.99, REDIS), legend: "{{service}}" }],
        },
        {
          title: "Errors",
          unit: "ops",
          queries: [
            {
              expr: rateBy("service, error_type", `${DURATION}_count${failed("redis")}`),
              legend: "{{service}} {{error_type}}",
            },
          ],
        },
      ],
    },
  ],
};
