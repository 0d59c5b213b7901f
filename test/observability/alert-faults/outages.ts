import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "@medconnect/ops/certificates/authority.ts";
import { filesIn } from "@medconnect/ops/certificates/certificate-folder.ts";
import { createConnection } from "mysql2/promise";
import { clockAhead, restartWith } from "../../faults/shifted-clock.ts";
import { CLEAR } from "../../faults/tcp-proxy.ts";
import { type AlertFault, schema, sql } from "./lab.ts";

const DAY_MS = 86_400_000;

/** Faults of processes, databases and links. The crowd uses the system meanwhile. */
export const OUTAGES: readonly AlertFault[] = [
  {
    name: "clinical is killed",
    alerts: ["ProcessDown", "EventsStuck"],
    begin: async ({ system }) => {
      await system.process("clinical").kill();
      return () => system.process("clinical").start();
    },
  },
  {
    name: "auth is killed",
    alerts: ["RevocationsUnknown"],
    begin: async ({ system }) => {
      await system.process("auth").kill();
      return () => system.process("auth").start();
    },
  },
  {
    name: "the gateway's clock is 45 s behind",
    alerts: ["ClocksDiffer"],
    begin: ({ system }) => restartWith(system.process("gateway"), clockAhead(-45_000)),
  },
  {
    name: "billing gets another INTERNAL_KEY",
    alerts: ["ServiceTokensRefused"],
    begin: async ({ system }) => {
      const billing = system.process("billing");
      const { INTERNAL_KEY } = billing.env;
      billing.env.INTERNAL_KEY = randomBytes(32).toString("base64");
      await billing.stop();
      // Billing does not become ready.
      billing.start().catch(() => undefined);
      return async () => {
        billing.env.INTERNAL_KEY = INTERNAL_KEY;
        await billing.restart();
      };
    },
  },
  {
    name: "service discovery loses billing",
    alerts: ["ServiceGone"],
    begin: async ({ prometheus, targets }) => {
      const { billing: _, ...others } = targets;
      prometheus.discover(others);
      return async () => prometheus.discover(targets);
    },
  },
  {
    name: "Redis is killed",
    alerts: ["RedisAway"],
    begin: async ({ system }) => {
      await system.redis.kill();
      return () => system.redis.start();
    },
  },
  {
    name: "MySQL is killed",
    alerts: ["RpcErrors", "GatewayErrors", "BookingAvailabilityFastBurn", "CountsStalled"],
    begin: async ({ system }) => {
      await system.mysql.kill();
      return () => system.mysql.start();
    },
  },
  {
    name: "MySQL takes no writes",
    alerts: ["WritesFail"],
    begin: async ({ system }) => {
      const locker = await createConnection({ uri: system.stack.urls.mysql });
      await locker.query("FLUSH TABLES WITH READ LOCK");
      return () => locker.end();
    },
  },
  {
    name: "scheduling's MySQL answers 4 s later, just within the time limit",
    alerts: ["DatabasePoolFull"],
    begin: async ({ schedulingsMysql }) => {
      schedulingsMysql.weather = { kind: "open", latencyMs: 2000 };
      return async () => {
        schedulingsMysql.weather = CLEAR;
      };
    },
  },
  {
    name: "scheduling's MySQL answers 200 ms later",
    alerts: ["BookingLatencyFastBurn", "DatabaseSlow"],
    begin: async ({ schedulingsMysql }) => {
      schedulingsMysql.weather = { kind: "open", latencyMs: 100 };
      return async () => {
        schedulingsMysql.weather = CLEAR;
      };
    },
  },
  {
    name: "auth gets a certificate for five days",
    alerts: ["CertificateExpires"],
    begin: async ({ system: { stack } }) => {
      const folder = stack.certificates!;
      const { cert, key } = filesIn(join(folder, "auth"));
      const before = [readFileSync(cert), readFileSync(key)] as const;
      const authority = new Authority({
        cert: readFileSync(join(folder, "ca/ca.crt"), "utf8"),
        key: readFileSync(join(folder, "ca/ca.key"), "utf8"),
      });
      const notAfter = new Date(Date.now() + 5 * DAY_MS);
      const altNames = ["auth", "localhost", "127.0.0.1"];
      const issued = await authority.issue({ name: "auth", altNames, usage: "server", notAfter });
      const put = (certBytes: string | Buffer, keyBytes: string | Buffer) => {
        writeFileSync(key, keyBytes);
        writeFileSync(cert, certBytes);
      };
      put(issued.cert, issued.key);
      return async () => put(...before);
    },
  },
  {
    name: "billing cannot seal its audit trail, and auth's witness stores no checkpoint",
    alerts: ["AuditNotSealed", "AuditNotWitnessed"],
    begin: async ({ system: { stack } }) => {
      const change = async (verb: "REVOKE" | "GRANT", preposition: "FROM" | "TO") => {
        for (const [service, table] of [
          ["billing", "audit_seals"],
          ["scheduling", "audit_checkpoints"],
        ] as const) {
          const account = schema(service);
          await sql(stack, `${verb} INSERT ON ??.?? ${preposition} ?@'%'`, [account, table, account]);
        }
      };
      await change("REVOKE", "FROM");
      return () => change("GRANT", "TO");
    },
  },
];
