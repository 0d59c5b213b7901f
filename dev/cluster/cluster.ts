import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { findMysql, findRouter } from "../engines/engines.ts";
import type { Server } from "../engines/server.ts";
import { DataFolder } from "../stack/data-folder.ts";
import { freePort } from "../stack/ports.ts";
import { type Progress, silent } from "../terminal/progress.ts";
import {
  foundGroup,
  handOver,
  isSubset,
  joinGroup,
  type Member,
  makeRecoveryUser,
  membersOf,
  transactionsOf,
} from "./group.ts";
import { type ClusterNode, makeNode } from "./node.ts";
import { makeRouter } from "./router.ts";

export interface ClusterOptions {
  /** Folder of the cluster's data, logs and password, for this cluster only. */
  dataDir: string;
  /** Port of the router; default: a free one. */
  port?: number;
  progress?: Progress;
  signal?: AbortSignal;
}

/** A group of three MySQL servers behind MySQL Router. */
export interface Cluster {
  /** Value for MYSQL_URL: the router's address with the administrator's password. */
  url: string;
  /** Servers in order of priority. The first server in this list that runs becomes the primary. */
  nodes: readonly ClusterNode[];
  router: Server;
  /** The members of the group, as MySQL reports them. */
  members(): Promise<Member[]>;
  /** The node that currently accepts writes. */
  primary(): Promise<ClusterNode>;
  /** Restarts a node that has ended. Returns when the node has received all transactions of the group. */
  rejoin(node: ClusterNode): Promise<void>;
  /** Stops the router, then the secondaries, then the primary. */
  stop(): Promise<void>;
}

/** Number of steps that `startCluster` reports. */
export const CLUSTER_STEPS = 4;

const NAMES = ["mysql-1", "mysql-2", "mysql-3"] as const;
/**
 * Group name, which is part of each transaction's id. Members find each other by address, so clusters may
 * share the name.
 */
const GROUP_NAME = "6d656463-6f6e-4e65-8374-67726f757031";
const EXPEL_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** Starts the servers, forms the group, and starts the router. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { progress = silent, signal } = options;
  const folder = new DataFolder(options.dataDir);
  const password = folder.secrets.mysqlPassword;
  progress.step("Programs of MySQL and its router");
  const program = await findMysql(progress, signal);
  const routerProgram = await findRouter(progress, signal);

  progress.step(`Servers: ${NAMES.join(", ")} (MySQL ${program.version})`);
  const routerPort = options.port ?? (await freePort());
  // Each server has a port for group communication, and another one for clients.
  const groupAddresses = await Promise.all(NAMES.map(async () => `127.0.0.1:${await freePort()}`));
  const nodes = await Promise.all(
    NAMES.map(async (name, place) =>
      makeNode({
        program,
        name,
        place,
        folder: folder.file(name),
        port: await freePort(),
        groupAddresses,
        groupName: GROUP_NAME,
        password,
        logFile: folder.logFile(name),
      }),
    ),
  );
  const router = makeRouter({
    program: routerProgram,
    folder: folder.file("router"),
    port: routerPort,
    serverPorts: nodes.map(({ port }) => port),
    logFile: folder.logFile("router"),
  });
  const cluster = new RunningCluster(nodes, router, routerPort, password);
  try {
    await Promise.all(nodes.map(({ server }) => server.start(signal)));
    progress.step("The group");
    await cluster.form(signal);
    progress.step("The router");
    await router.start(signal);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

class RunningCluster implements Cluster {
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  readonly router: Server;
  readonly #password: string;

  constructor(nodes: readonly ClusterNode[], router: Server, routerPort: number, password: string) {
    this.url = `mysql://root:${password}@127.0.0.1:${routerPort}`;
    this.nodes = nodes;
    this.router = router;
    this.#password = password;
  }

  /**
   * Forms the group from the servers, which have just started. The founder must have every acknowledged
   * transaction, so the most complete server founds the group.
   */
  async form(signal?: AbortSignal): Promise<void> {
    for (const { url } of this.nodes) await makeRecoveryUser(url, this.#password);
    const founder = await this.#mostComplete();
    await foundGroup(founder.url, this.#password);
    for (const node of this.nodes) {
      if (node !== founder) await joinGroup(node.url, this.#password, signal);
    }
    await this.#putInOrder();
  }

  async members(): Promise<Member[]> {
    const running = this.nodes.filter(({ server }) => server.running);
    const views = await Promise.all(running.map(({ url }) => membersOf(url).catch(() => [])));
    // A member that was expelled, or is still joining, lists only itself. So the longest list is correct.
    return views.reduce((widest, view) => (view.length > widest.length ? view : widest), []);
  }

  async primary(): Promise<ClusterNode> {
    const primary = (await this.members()).find(
      ({ role, state }) => role === "PRIMARY" && state === "ONLINE",
    );
    const node = this.nodes.find(({ port }) => port === primary?.port);
    if (!node) throw new SetupError("The group has no primary.");
    return node;
  }

  async rejoin(node: ClusterNode): Promise<void> {
    await this.#untilForgotten(node);
    await node.server.start();
    await joinGroup(node.url, this.#password);
    await this.#putInOrder();
  }

  async stop(): Promise<void> {
    await this.router.stop();
    // The primary stops last, so that it has all transactions. It then founds the group at the next start.
    for (const { server } of this.nodes.toReversed()) await server.stop();
  }

  async #mostComplete(): Promise<ClusterNode> {
    const states = await Promise.all(
      this.nodes.map(async (node) => ({ node, held: await transactionsOf(node.url) })),
    );
    for (const { node, held } of states) {
      const others = await Promise.all(states.map((some) => isSubset(node.url, some.held, held)));
      if (others.every(Boolean)) return node;
    }
    throw new SetupError("The servers' data have diverged: each has transactions that others lack.");
  }

  /**
   * Waits until the group has expelled the previous process of the node. Until then, the node cannot rejoin.
   */
  async #untilForgotten({ port }: ClusterNode): Promise<void> {
    const deadline = Date.now() + EXPEL_TIMEOUT_MS;
    while ((await this.members()).some((member) => member.port === port)) {
      if (Date.now() > deadline) throw new SetupError("The group has not expelled the node that ended.");
      await delay(POLL_MS);
    }
  }

  /**
   * Makes the first running node of the list the primary, because the router sends connections to that node.
   */
  async #putInOrder(): Promise<void> {
    const online = new Set(
      (await this.members()).filter(({ state }) => state === "ONLINE").map(({ port }) => port),
    );
    const first = this.nodes.find(({ port }) => online.has(port));
    const primary = await this.primary();
    if (first && first !== primary) await handOver(primary.url, first.url);
  }
}
