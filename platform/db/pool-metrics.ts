import { gauge } from "../telemetry/metrics.ts";
import type { FairPool } from "./fair-pool.ts";

const POOL = "db.client.connection.pool.name";
const STATE = "db.client.connection.state";

/**
 * Reports the connections of pools, with the attributes of the OpenTelemetry conventions. The conventions
 * name the first metric db.client.connection.count, which promtool refuses: only histograms end in _count.
 */
export function observePools(pools: Readonly<Record<string, FairPool>>): void {
  const entries = Object.entries(pools);
  gauge("db.client.connections", "Open connections, by pool and state", (report) => {
    for (const [name, { connections }] of entries) {
      report(connections.idle, { [POOL]: name, [STATE]: "idle" });
      report(connections.open - connections.idle, { [POOL]: name, [STATE]: "used" });
    }
  });
  gauge("db.client.connection.max", "Maximum number of open connections, by pool", (report) => {
    for (const [name, { size }] of entries) report(size, { [POOL]: name });
  });
  gauge("db.client.connection.pending_requests", "Requests that wait for a connection, by pool", (report) => {
    for (const [name, { waiting }] of entries) report(waiting, { [POOL]: name });
  });
}
