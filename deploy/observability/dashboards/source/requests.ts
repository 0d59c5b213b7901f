import type { Dashboard } from "./panel.ts";
import { meanBy, quantileBy, rateBy, rateOrZero, shareAbove } from "./queries.ts";

const HTTP = "http_server_request_duration_seconds";
const RESPONSES = "http_server_responses_total";
const RPC = "rpc_server_call_duration_seconds";
const ROUTE = "http_request_method, http_route";
const ROUTE_LEGEND = "{{http_request_method}} {{http_route}}";
const SYSTEM_FAULT = 'rpc_response_status_code=~"INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED"';

const burnRates = (sli: string, budget: number) =>
  ["5m", "1h", "6h", "3d"].map((window) => ({
    expr: `slo:${sli}:ratio_rate${window} / ${budget}`,
    legend: `over ${window}`,
  }));

/** Rate, errors and duration of each route and RPC, and the objectives for bookings. */
export const requests: Dashboard = {
  uid: "medconnect-requests",
  title: "MedConnect / Requests",
  description: "Rate, errors and duration of each route of the gateway and each RPC of the services",
  rows: [
    {
      title: "Objectives for bookings over 30 days",
      panels: [
        {
          title: "Burn rate: bookings that fail",
          description: "1 spends the budget of 0.1 % in 30 days. A page comes at 14.4 over 5m and 1h",
          unit: "short",
          limit: 14.4,
          queries: burnRates("booking_errors", 0.001),
        },
        {
          title: "Burn rate: bookings over 0.5 s",
          description: "1 spends the budget of 1 % in 30 days. A page comes at 14.4 over 5m and 1h",
          unit: "short",
          limit: 14.4,
          queries: burnRates("booking_slow", 0.01),
        },
      ],
    },
    {
      title: "Gateway",
      panels: [
        {
          title: "Requests by status",
          unit: "reqps",
          isStacked: true,
          queries: [
            {
              expr: rateBy("http_response_status_code", RESPONSES),
              legend: "{{http_response_status_code}}",
            },
          ],
        },
        {
          title: "Share of 5xx",
          unit: "percentunit",
          limit: 0.01,
          queries: [
            {
              expr: `(${rateOrZero(`${RESPONSES}{http_response_status_code=~"5.."}`)}) / ${rateBy("", RESPONSES)}`,
              legend: "all routes",
            },
          ],
        },
        {
          title: "Mean duration",
          unit: "s",
          queries: [{ expr: meanBy("", HTTP), legend: "all routes" }],
        },
        {
          title: "Slow requests",
          description:
            "Percentiles are those of the RPCs: the gateway counts half a second and a second only",
          unit: "percentunit",
          queries: ["0.5", "1"].map((seconds) => ({
            expr: shareAbove("", HTTP, seconds),
            legend: `over ${seconds} s`,
          })),
        },
      ],
    },
    {
      title: "Routes",
      panels: [
        {
          title: "Requests",
          unit: "reqps",
          queries: [{ expr: rateBy(ROUTE, `${HTTP}_count{http_route!=""}`), legend: ROUTE_LEGEND }],
        },
        {
          title: "Errors (5xx)",
          unit: "reqps",
          queries: [
            { expr: rateBy(ROUTE, 'http_server_errors_total{http_route!=""}'), legend: ROUTE_LEGEND },
          ],
        },
        {
          title: "Mean duration",
          unit: "s",
          queries: [{ expr: meanBy(ROUTE, HTTP, 'http_route!=""'), legend: ROUTE_LEGEND }],
        },
        {
          title: "Requests over a second",
          unit: "percentunit",
          limit: 0.01,
          queries: [{ expr: shareAbove(ROUTE, HTTP, "1", 'http_route!=""'), legend: ROUTE_LEGEND }],
        },
      ],
    },
    {
      title: "RPCs",
      panels: [
        {
          title: "Calls",
          unit: "reqps",
          queries: [{ expr: rateBy("rpc_method", `${RPC}_count`), legend: "{{rpc_method}}" }],
        },
        {
          title: "Faults of the system",
          unit: "reqps",
          queries: [
            {
              expr: rateBy("rpc_method, error_type", `${RPC}_count{${SYSTEM_FAULT}}`),
              legend: "{{rpc_method}} {{error_type}}",
            },
          ],
        },
        {
          title: "Refusals",
          description: "Faults of the caller, by the reason in docs/errors.md",
          unit: "reqps",
          queries: [
            {
              expr: rateBy(
                "rpc_method, error_type",
                `${RPC}_count{error_type!="",${SYSTEM_FAULT.replace("=~", "!~")}}`,
              ),
              legend: "{{rpc_method}} {{error_type}}",
            },
          ],
        },
        {
          title: "Duration, 99th percentile",
          unit: "s",
          queries: [{ expr: quantileBy("rpc_method", RPC, 0.99), legend: "{{rpc_method}}" }],
        },
      ],
    },
  ],
};
