import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { Balancer } from "../balancer.ts";
import { addReplicas, removeReplicas } from "../replicas.ts";
import { SteadyLoad } from "../steady-load.ts";
import { Notes, type Scenario, seconds, spread } from "./scenario.ts";

const RATE = 200;
const SETTLE_IN_MS = 1000;
const EXIT_MS = 25_000;

/** Runs two instances of every process. Restarts all instances, one after the other. */
export const rolling: Scenario = {
  name: "rolling",
  promise: `rolling restart of two instances of every process under ${RATE} calls a second: none fails, each exits within 25 s`,
  inShort: false,
  run: async ({ system, crowd, random, callStats, isLong }) => {
    const notes = new Notes({ isLong });
    const { replicas, gatewayUrls } = await addReplicas(system);
    const balancer = new Balancer(gatewayUrls);
    const stops: number[] = [];
    try {
      await system.untilWhole(crowd.token, Date.now());
      balancer.start();
      const load = new SteadyLoad(balancer, crowd, random, callStats);
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
      notes.fact(`${callStats.calls} calls, ${rate.toFixed(0)} a second; ${stops.length} restarts`);
      notes.expectInTime(rate > RATE * 0.9, `only ${rate.toFixed(0)} calls a second were made`);
    } finally {
      await balancer.stop();
      await removeReplicas(system, replicas);
    }
    notes.fact(`ended after SIGTERM: ${spread(stops)}`);
    notes.expect(callStats.unknown === 0, `${callStats.unknown} calls failed`);
    for (const ms of stops)
      notes.expectInTime(ms < EXIT_MS, `a process ended only ${seconds(ms)} after SIGTERM`);
    return notes;
  },
};
