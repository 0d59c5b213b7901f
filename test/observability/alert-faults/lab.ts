import type { Stack } from "@medconnect/dev/stack/stack.ts";
import type { ServiceName } from "@medconnect/topology/services.ts";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { SCHEMA_PREFIX, type System } from "../../faults/system.ts";
import { TcpProxy } from "../../faults/tcp-proxy.ts";
import type { Account } from "../../support/accounts.ts";
import type { Api } from "../../support/api.ts";
import type { Prometheus, Targets } from "../prometheus/prometheus.ts";

/** A running system, and the parts of it that faults need. */
export interface Lab {
  system: System;
  prometheus: Prometheus;
  targets: Targets;
  /** Link between scheduling and MySQL. */
  schedulingsMysql: TcpProxy;
  api: Api;
  admin: Account;
}

/** A fault, and the alerts for it. */
export interface AlertFault {
  name: string;
  alerts: readonly string[];
  /** Begins the fault. @returns a function that ends it */
  begin: (lab: Lab) => Promise<() => Promise<unknown>>;
}

/** Puts a proxy between a service and MySQL, and restarts the service. */
export async function linkToMysql(stack: Stack, service: ServiceName): Promise<TcpProxy> {
  const link = await TcpProxy.to(stack.databases.engines.mysql!.port);
  const { env } = stack.processes[service];
  const url = new URL(env.DATABASE_URL!);
  url.port = `${link.port}`;
  env.DATABASE_URL = url.href;
  await stack.processes[service].restart();
  return link;
}

/** Schema of a service, such as faults_auth. */
export const schema = (service: ServiceName): string => SCHEMA_PREFIX + service;

/** Runs a statement with the rights of MySQL's administrator, as an intruder or an operator might. */
export async function sql<Row extends RowDataPacket>(
  { urls }: Stack,
  statement: string,
  params: unknown[] = [],
): Promise<Row[]> {
  const connection = await createConnection({ uri: urls.mysql, timezone: "Z" });
  try {
    const [rows] = await connection.query<Row[]>(statement, params);
    return rows;
  } finally {
    await connection.end();
  }
}
