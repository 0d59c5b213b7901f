import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { Helper } from "../helper.ts";
import type { Reply, Results, Task } from "./tasks.ts";

/** Sends tasks from the benchmark to the load generator. */
export class Load {
  readonly #generator = new Helper("load/generator.ts");

  /** Runs a task. Throws if any call failed, because the figures would mean nothing. */
  async run<T extends Task>(task: T): Promise<Results[T["name"]]> {
    this.#generator.send(task);
    const reply = (await this.#generator.receive()) as Reply;
    if ("error" in reply) throw new SetupError(`The load stopped: ${reply.error}`);
    return reply.result as Results[T["name"]];
  }

  stop(): void {
    this.#generator.stop();
  }
}
