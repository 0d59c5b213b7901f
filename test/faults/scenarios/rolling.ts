import { setTimeout as delay } from "node:timers/promises";
import { DataFolder } from "@medconnect/deploy/local/data-folder.ts";
import { freeProcessPorts, PROCESSES } from "@medconnect/deploy/local/ports.ts";
import { makeProcesses, type Processes } from "@medconnect/deploy/local/processes.ts";
import { SERVICES } from "@medconnect/deploy/provision.ts";
import { Balancer } from "../balancer.ts";
import { SteadyLoad } from "../steady-load.ts";
import { SCHEMA_PREFIX, SETTINGS, type System } from "../system.ts";
import { Notes, type Scenario, seconds, spread } from "./scenario.ts";

const RATE = 200;
const SETTLE_IN_MS = 1000;
const EXIT_MS = 25_000;

/** Every process is there twice, and one after the other is told to stop and started again. */
export const rolling: Scenario = {
  name: "rolling",
  promise: `rolling restart of two replicas of everything under ${RATE} calls a second: none fails, each exits within 25 s`,
  inShort: false,
  run: async ({ system, crowd, random, tally, isLong }) => {
    const notes = new Notes({ isLong });
    const { ports, replicas } = await addReplicas(system);
    const urls = [system.stack.urls.gateway, `http://127.0.0.1:${ports.gateway.port}`];
    const balancer = new Balancer(urls);
    const stops: number[] = [];
    try {
      await system.untilWhole(crowd.token, Date.now());
      balancer.start();
      const load = new SteadyLoad(balancer, crowd, random, tally);
      const rate = await load.during(RATE, async () => {
        await delay(SETTLE_IN_MS);
        for (const name of PROCESSES) {
          for (const server of [system.process(name), replicas[name]]) {
            const stoppedAtMs = Date.now();
            await server.stop();
            stops.push(Date.now() - stoppedAtMs);
            await server.start();
            await delay(SETTLE_IN_MS);
          }
        }
      });
      notes.fact(`${tally.calls} calls, ${rate.toFixed(0)} a second; ${stops.length} restarts`);
      notes.expectInTime(rate > RATE * 0.9, `only ${rate.toFixed(0)} calls a second were made`);
    } finally {
      await balancer.stop();
      await removeReplicas(system, replicas);
    }
    notes.fact(`ended after SIGTERM: ${spread(stops)}`);
    notes.expect(tally.unknown === 0, `${tally.unknown} calls failed`);
    for (const ms of stops)
      notes.expectInTime(ms < EXIT_MS, `a process ended only ${seconds(ms)} after SIGTERM`);
    return notes;
  },
};

/** Starts everything a second time, and has everybody know both. */
async function addReplicas({ stack }: System) {
  const ports = await freeProcessPorts();
  const both = Object.fromEntries(
    SERVICES.map((name) => [
      `${name.toUpperCase()}_ADDRESS`,
      // gRPC's way to name several instances without DNS.
      `ipv4:${stack.addresses[name]},127.0.0.1:${ports[name].port}`,
    ]),
  );
  const replicas = makeProcesses({
    folder: new DataFolder(stack.dataDir),
    databases: stack.databases,
    ports,
    schemaPrefix: SCHEMA_PREFIX,
    env: { ...SETTINGS, ...both },
    logs: "files",
  });
  for (const server of Object.values(stack.processes)) Object.assign(server.env, both);
  await Promise.all(Object.values(replicas).map((server) => server.start()));
  await Promise.all(Object.values(stack.processes).map((server) => server.restart()));
  return { ports, replicas };
}

async function removeReplicas({ stack }: System, replicas: Processes): Promise<void> {
  const single = Object.fromEntries(
    SERVICES.map((name) => [`${name.toUpperCase()}_ADDRESS`, stack.addresses[name]]),
  );
  for (const server of Object.values(stack.processes)) Object.assign(server.env, single);
  await Promise.all(Object.values(stack.processes).map((server) => server.restart()));
  await Promise.all(Object.values(replicas).map((server) => server.stop()));
}
