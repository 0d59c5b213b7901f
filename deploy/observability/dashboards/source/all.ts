import { audit } from "./audit.ts";
import { bookings } from "./bookings.ts";
import { database } from "./database.ts";
import { events } from "./events.ts";
import { grafanaJson } from "./grafana-json.ts";
import type { Dashboard } from "./panel.ts";
import { processes } from "./processes.ts";
import { requests } from "./requests.ts";

/** All dashboards, by the name of their JSON file. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  audit,
  bookings,
  database,
  events,
  processes,
  requests,
};

/** Content of the JSON files, by name. */
export const jsonFiles = (): Map<string, string> =>
  new Map(
    Object.entries(DASHBOARDS).map(([name, dashboard]) => [
      `${name}.json`,
      `${JSON.stringify(grafanaJson(dashboard), undefined, 2)}\n`,
    ]),
  );
