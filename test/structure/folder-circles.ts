import { dirname } from "node:path";

/** The fields of a module in dependency-cruiser's JSON that this file uses. */
export interface Module {
  source: string;
  dependencies: { resolved: string }[];
}

/** For each folder, the folders that it imports. The text describes one of these imports as an example. */
export type FolderGraph = Map<string, Map<string, string>>;

const TESTS = /\.test\.ts$|(^|\/)testing\//;
/** Folders that combine all features. A feature may import types from them, so such imports are ignored. */
const COMPOSITION_ROOTS = /^(services\/[^/]+\/src|gateway)$/;

/** Returns for each folder the folders that it imports. Leaves out tests and composition roots. */
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

/** Sets of folders that import each other, directly or through other folders (Tarjan's algorithm). */
export function circlesIn(graph: FolderGraph): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const stack: string[] = [];

  /** @returns the lowest `order` of all folders that are on the stack and that this folder reaches */
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

/** Returns one example for each import between two folders of a circle. */
export function importsWithin(graph: FolderGraph, circle: readonly string[]): string[] {
  return circle.flatMap((folder) =>
    [...(graph.get(folder) ?? [])]
      .filter(([target]) => circle.includes(target))
      .map(([, example]) => example),
  );
}
