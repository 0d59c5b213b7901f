import { memoryOf } from "./proc.ts";
import type { System } from "./systems.ts";

/** Memory of a system's Node processes at one time, MB. */
export interface MemoryFigures {
  /** Operations that the system had done until then. */
  operations: number;
  /** Proportional set of all together. */
  pssMb: number;
  /** Resident set by process. */
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
