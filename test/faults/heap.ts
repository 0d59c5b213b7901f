import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import type { System } from "./system.ts";

/** Address of the inspector that a Node process opens after SIGUSR1. */
const INSPECTOR = "http://127.0.0.1:9229/json/list";
const OPENS_WITHIN_MS = 5000;
const PAUSE_MS = 20;
const MIB = 1024 * 1024;

/**
 * Measures the heap of a running Node process in bytes, after a garbage collection. Without the collection,
 * most of the heap would be garbage. The process's inspector (Chrome DevTools Protocol) triggers the
 * collection. Measure one process at a time, because all inspectors use the same port.
 */
export async function collectedHeap(pid: number): Promise<number> {
  process.kill(pid, "SIGUSR1");
  const inspector = await Inspector.connect();
  try {
    const found = await inspector.evaluate("process.pid");
    if (found !== pid) throw new Error(`The inspector on port 9229 belongs to process ${found}, not ${pid}.`);
    // The second collection frees objects that were only weakly reachable during the first one.
    await inspector.call("HeapProfiler.collectGarbage");
    await inspector.call("HeapProfiler.collectGarbage");
    return Number(await inspector.evaluate("process.memoryUsage().heapUsed"));
  } finally {
    await inspector.shut();
  }
}

/** Heap of every process after a garbage collection, in MiB. */
export async function collectedHeaps(system: System): Promise<Record<ProcessName, number>> {
  const heaps = {} as Record<ProcessName, number>;
  for (const name of PROCESSES) heaps[name] = (await collectedHeap(system.process(name).pid)) / MIB;
  return heaps;
}

interface Answer {
  id: number;
  result: { result?: { value?: unknown } };
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const answer = JSON.parse(data) as Answer;
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values())
        reject(new Error("The process has closed its inspector."));
    });
  }

  static async connect(): Promise<Inspector> {
    const giveUpAt = Date.now() + OPENS_WITHIN_MS;
    for (;;) {
      const answer = await fetch(INSPECTOR).catch(() => undefined);
      if (answer) {
        const [target] = (await answer.json()) as { webSocketDebuggerUrl: string }[];
        const socket = new WebSocket(target!.webSocketDebuggerUrl);
        await once(socket, "open", { signal: AbortSignal.timeout(OPENS_WITHIN_MS) });
        return new Inspector(socket);
      }
      if (Date.now() > giveUpAt) throw new Error("No inspector opened on port 9229.");
      await delay(PAUSE_MS);
    }
  }

  async call(method: string, params: object = {}): Promise<Answer["result"]> {
    const id = ++this.#calls;
    const answered = new Promise<Answer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await answered).result;
  }

  async evaluate(expression: string): Promise<unknown> {
    return (await this.call("Runtime.evaluate", { expression })).result?.value;
  }

  /** Closes the connection, and the inspector of the process. */
  async shut(): Promise<void> {
    const closed = once(this.#socket, "close");
    await this.evaluate("void setImmediate(() => process.getBuiltinModule('inspector').close())");
    await closed;
  }
}
