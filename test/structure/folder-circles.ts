import { dirname } from "node:path";

/** Part of a module in dependency-cruiser's JSON. */
export interface Module {
  source: string;
  dependencies: { resolved: string }[];
}

/** Imported folders of each folder, with one import as an example. */
export type FolderGraph = Map<string, Map<string, string>>;

const TESTS = /\.test\.ts$|(^|\/)testing\//;
/** Folders that compose all features. Features may import the types of these folders. */
const COMPOSITION_ROOTS = /^(services\/[^/]+\/src|gateway)$/;

/** Folders with their imports of other folders. Leaves out tests, and imports of composition roots. */
export function folderGraphOf(modules: readonly Module[]): FolderGraph {
  const code = modules.filter(({ source }) => !TESTS.test(source));
  const files = new Set(code.map(({ source }) => source));
  const graph: FolderGraph = new Map();
  for (const { source, dependencies } of code) {
    const targets = graph.get(dirname(source)) ?? new Map<string, string>();
    graph.set(dirname(source), targets);
    for (const { resolved } of dependencies) {
      const folder = dirname(resolved);
      if (!files.has(resolved) || folder === dirname(source) || COMPOSITION_ROOTS.test(folder)) continue;
      targets.set(folder, `${source} imports ${resolved}`);
    }
  }
  return graph;
}

/** Sets of folders that import each other, directly or through others (Tarjan's algorithm). */
export function circlesIn(graph: FolderGraph): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const stack: string[] = [];

  /** @returns the smallest order of a folder on the stack that this one reaches */
  function visit(folder: string): number {
    const index = order.size;
    order.set(folder, index);
    stack.push(folder);
    let lowest = index;
    for (const target of graph.get(folder)?.keys() ?? []) {
      const known = order.get(target);
      if (known === undefined) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, known);
    }
    if (lowest === index) {
      const circle = stack.splice(stack.indexOf(folder));
      if (circle.length > 1) circles.push(circle.toSorted());
    }
    return lowest;
  }

  for (const folder of graph.keys()) if (!order.has(folder)) visit(folder);
  return circles.toSorted();
}

/** An example of each import between the folders of a circle. */
export function importsWithin(graph: FolderGraph, circle: readonly string[]): string[] {
  return circle.flatMap((folder) =>
    [...(graph.get(folder) ?? [])]
      .filter(([target]) => circle.includes(target))
      .map(([, example]) => example),
  );
}
