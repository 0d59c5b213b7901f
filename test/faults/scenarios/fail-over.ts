import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "@medconnect/dev/cluster/cluster.ts";
import type { ClusterNode } from "@medconnect/dev/cluster/node.ts";
import { isServed, REFUSED_BOOKING } from "../probes.ts";
import { type Lab, Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const WHOLE_AGAIN_MS = 10_000;
/** Time under load before the primary is killed, and after it has rejoined. */
const PAUSE_MS = 3000;
const PROBE_PAUSE_MS = 25;
const PROBE_TIMEOUT_MS = 2000;

/**
 * Kills the primary of the database cluster under load. The killed node must rejoin while the load continues.
 */
export const failOver = (cluster: Cluster): Scenario => ({
  name: "fail-over",
  promise: "kill -9 of the primary: nothing acknowledged is lost, writes succeed again within 10 s",
  inShort: false,
  run: async (lab) => {
    const notes = new Notes(lab);
    await underLoad(lab, notes, async () => {
      for (let round = 0; round < lab.rounds; round++) {
        await delay(PAUSE_MS);
        const primary = await cluster.primary();
        await killPrimary(cluster, primary, lab, notes);
        await rejoin(cluster, primary, lab, notes);
      }
      await delay(PAUSE_MS);
    });
    return notes;
  },
});

async function killPrimary(cluster: Cluster, node: ClusterNode, lab: Lab, notes: Notes): Promise<void> {
  const watching = new WriteWatch(lab);
  const killedAtMs = Date.now();
  await node.server.kill();
  const wholeMs = await lab.system.untilWhole(lab.crowd.token, killedAtMs);
  await watching.untilWritten();
  const gapMs = await watching.stop();
  const { name } = await cluster.primary();
  notes.fact(
    `${node.name} killed, ${name} took over: no write for ${seconds(gapMs)}, serving again after ${seconds(wholeMs)}`,
  );
  notes.expect(Math.max(gapMs, wholeMs) <= WHOLE_AGAIN_MS, `the fail-over from ${node.name} took too long`);
}

async function rejoin(cluster: Cluster, node: ClusterNode, lab: Lab, notes: Notes): Promise<void> {
  const watching = new WriteWatch(lab);
  const begin = Date.now();
  await cluster.rejoin(node);
  const tookMs = Date.now() - begin;
  await delay(PAUSE_MS);
  const gapMs = await watching.stop();
  const online = (await cluster.members()).filter(({ state }) => state === "ONLINE").length;
  const { name } = await cluster.primary();
  notes.fact(
    `${node.name} rejoined after ${seconds(tookMs)}: ${online} members, ${name} takes the writes; ` +
      `longest time without a write ${seconds(gapMs)}`,
  );
  notes.expect(online === cluster.nodes.length, `${node.name} is not back in the group`);
}

/** Writes continuously through the system, and measures the longest time without a successful write. */
class WriteWatch {
  readonly #lab: Lab;
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;
  #writtenAtMs = Date.now();
  #gapMs = 0;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#done = this.#write();
  }

  /** Waits until a write succeeds after this call. */
  async untilWritten(): Promise<void> {
    const nowMs = Date.now();
    while (this.#writtenAtMs <= nowMs) await delay(PROBE_PAUSE_MS);
  }

  /** @returns the longest time between two successful writes, in ms */
  async stop(): Promise<number> {
    this.#ending.abort();
    await this.#done;
    return Math.max(this.#gapMs, Date.now() - this.#writtenAtMs);
  }

  async #write(): Promise<void> {
    const { system, crowd } = this.#lab;
    while (!this.#ending.signal.aborted) {
      if (await isServed(REFUSED_BOOKING, system.http, crowd.token, PROBE_TIMEOUT_MS)) {
        this.#gapMs = Math.max(this.#gapMs, Date.now() - this.#writtenAtMs);
        this.#writtenAtMs = Date.now();
      }
      await delay(PROBE_PAUSE_MS);
    }
  }
}
