import { join } from "node:path";
import { DataFolder } from "@medconnect/dev/stack/data-folder.ts";
import { startDatabases } from "@medconnect/dev/stack/databases.ts";
import { silent } from "@medconnect/dev/terminal/progress.ts";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { startHelperServer } from "../helper.ts";
import type { System, SystemOptions } from "../systems.ts";

const SCHEMA = "reference";

/** Starts the reference monolith on its own MySQL and Redis, which are set up like MedConnect's. */
export async function startReference({ dataDir, durable, signal }: SystemOptions): Promise<System> {
  const folder = new DataFolder(join(dataDir, "reference"));
  const databases = await startDatabases({ folder, durable, progress: silent, signal });
  const { mysql, redis } = databases.engines;
  const admin = await connectAdmin(databases.mysqlUrl);
  await admin.query(`CREATE DATABASE ${SCHEMA}`);
  await admin.end();
  const server = await startHelperServer("reference/server.ts", {
    NODE_ENV: "production",
    REFERENCE_MYSQL_URL: `${databases.mysqlUrl}/${SCHEMA}`,
    REFERENCE_REDIS_URL: databases.redisUrl,
  });
  return {
    name: "reference",
    url: server.url,
    pids: { reference: server.pid, mysql: mysql!.server.pid, redis: redis!.server.pid },
    nodePids: { reference: server.pid },
    stop: async () => {
      server.stop();
      await databases.stop();
    },
  };
}
