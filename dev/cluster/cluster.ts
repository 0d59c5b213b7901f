import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { findMysql, findRouter } from "../engines/engines.ts";
import type { Server } from "../engines/server.ts";
import { DataFolder } from "../stack/data-folder.ts";
import { freePorts } from "../stack/ports.ts";
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
  /** Where the servers keep their data, logs and password; one cluster a folder. */
  dataDir: string;
  /** The router's; absent: one that nobody uses. */
  port?: number;
  progress?: Progress;
  /** Gives up starting when aborted. */
  signal?: AbortSignal;
}

/** Three MySQL servers as one group, and the router in front of them. */
export interface Cluster {
  /** MYSQL_URL of the router, with the administrator's password. */
  url: string;
  /** In the order in which they take the writes: the first one standing does. */
  nodes: readonly ClusterNode[];
  router: Server;
  /** The members as the group sees them. */
  members(): Promise<Member[]>;
  /** The node that takes the writes. */
  primary(): Promise<ClusterNode>;
  /** Starts a node again that has ended, and has it catch up and take its place. */
  rejoin(node: ClusterNode): Promise<void>;
  /** Ends everything in order: the router, the standbys, the node that takes the writes. */
  stop(): Promise<void>;
}

/** How many steps `startCluster` reports. */
export const CLUSTER_STEPS = 4;

const NAMES = ["mysql-1", "mysql-2", "mysql-3"] as const;
/** Names the group in its transactions' ids; members find each other by address, so clusters do not meet over it. */
const GROUP_NAME = "6d656463-6f6e-4e65-8374-67726f757031";
const EXPEL_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/** Starts the servers, has them form a group, and puts the router before them. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { progress = silent, signal } = options;
  const folder = new DataFolder(options.dataDir);
  const password = folder.secrets.mysqlPassword;
  progress.step("MySQL and its router: the programs");
  const program = await findMysql(progress, signal);
  const routerProgram = await findRouter(progress, signal);

  progress.step(`Servers: ${NAMES.join(", ")} (MySQL ${program.version})`);
  const ports = await freePorts(2 * NAMES.length + 1);
  const routerPort = options.port ?? ports.pop()!;
  const groupAddresses = NAMES.map(() => `127.0.0.1:${ports.pop()}`);
  const nodes = await Promise.all(
    NAMES.map((name, place) =>
      makeNode({
        program,
        name,
        place,
        folder: folder.file(name),
        port: ports[place]!,
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

  /** Has the servers, just started, form the group, around the one that lacks nothing that was acknowledged. */
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
    // A server that was put out of the group, or is about to join, sees itself alone.
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
    // The last one to end has everything, and founds the group next time.
    for (const { server } of this.nodes.toReversed()) await server.stop();
  }

  async #mostComplete(): Promise<ClusterNode> {
    const held = await Promise.all(this.nodes.map(({ url }) => transactionsOf(url)));
    for (const [index, node] of this.nodes.entries()) {
      const others = await Promise.all(held.map((some) => isSubset(node.url, some, held[index]!)));
      if (others.every(Boolean)) return node;
    }
    throw new SetupError("The servers' data have grown apart; each holds what the others lack.");
  }

  /** The group does not take a member in while it still counts on its former self. */
  async #untilForgotten({ port }: ClusterNode): Promise<void> {
    const deadline = Date.now() + EXPEL_TIMEOUT_MS;
    while ((await this.members()).some((member) => member.port === port)) {
      if (Date.now() > deadline) throw new SetupError("The group still counts on the node that has ended.");
      await delay(POLL_MS);
    }
  }

  /** Has the first node that is in the group take the writes, as the router sends them there. */
  async #putInOrder(): Promise<void> {
    const online = new Set(
      (await this.members()).filter(({ state }) => state === "ONLINE").map(({ port }) => port),
    );
    const first = this.nodes.find(({ port }) => online.has(port));
    const primary = await this.primary();
    if (first && first !== primary) await handOver(primary.url, first.url);
  }
}
