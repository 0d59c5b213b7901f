import { memoryOf } from "./proc.ts";
import type { System } from "./systems.ts";

/** Memory of a system's Node processes at one time, in MB. */
export interface MemoryFigures {
  /** Number of operations that the system has executed since its start. */
  operations: number;
  /** Sum of the proportional set sizes of all processes. */
  pssMb: number;
  /** Resident set size of each process, by its name. */
  rssMb: Record<string, number>;
}

export function readMemory({ nodePids }: System, operations: number): MemoryFigures {
  const memories = Object.entries(nodePids).map(([name, pid]) => [name, memoryOf(pid)] as const);
  return {
    operations,
    pssMb: memories.reduce((sum, [, { pssMb }]) => sum + pssMb, 0),
    rssMb: Object.fromEntries(memories.map(([name, { rssMb }]) => [name, rssMb])),
  };
}
