import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { PathTemplate } from "./http-rule.ts";

/** Result of matching a path. The HTTP method is checked afterwards. */
export interface Match<Target> {
  /** Targets by HTTP method. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Decoded values of the variables, in the order of the template. */
  readonly values: readonly string[];
}

interface Node<Target> {
  readonly literals: Map<string, Node<Target>>;
  variable: Node<Target> | undefined;
  /** Targets by verb ("" for none), then by HTTP method. */
  readonly targets: Map<string, Map<string, Target>>;
}

const newNode = <Target>(): Node<Target> => ({
  literals: new Map(),
  variable: undefined,
  targets: new Map(),
});

/**
 * Matches paths against `google.api.http` templates, with the rules of grpc-gateway:
 *
 * - The verb follows the last raw colon of the last segment.
 * - Each segment is percent-decoded separately, so an encoded slash or colon is plain text.
 * - Paths are case-sensitive, and `/v1/bookings/` is another path than `/v1/bookings`.
 * - A literal takes precedence over a variable, whichever was added first.
 */
export class Router<Target> {
  readonly #root: Node<Target> = newNode();

  /** Adds a target. Throws if another target has the same method and path. */
  add(httpMethod: string, template: PathTemplate, target: Target): void {
    let node = this.#root;
    for (const segment of template.segments) node = child(node, segment);
    const byMethod = node.targets.get(template.verb) ?? new Map<string, Target>();
    if (byMethod.has(httpMethod)) throw new Error(`two routes for ${httpMethod} ${JSON.stringify(template)}`);
    node.targets.set(template.verb, byMethod.set(httpMethod, target));
  }

  /**
   * Finds the targets for a path; undefined if there are none. Throws INVALID_REQUEST for invalid
   * percent-encoding.
   */
  match(path: string): Match<Target> | undefined {
    if (!path.startsWith("/")) return undefined;
    const colon = path.lastIndexOf(":");
    const hasVerb = colon > path.lastIndexOf("/");
    const verb = hasVerb ? path.slice(colon + 1) : "";
    if (hasVerb && verb === "") return undefined;
    const segments = (hasVerb ? path.slice(1, colon) : path.slice(1)).split("/").map(decodeSegment);
    const values: string[] = [];
    const targets = find(this.#root, segments, 0, verb, values);
    return targets && { targets, values };
  }
}

function child<Target>(node: Node<Target>, segment: PathTemplate["segments"][number]): Node<Target> {
  if (segment.kind === "variable") {
    node.variable ??= newNode();
    return node.variable;
  }
  const known = node.literals.get(segment.text);
  if (known) return known;
  const created = newNode<Target>();
  node.literals.set(segment.text, created);
  return created;
}

function find<Target>(
  node: Node<Target>,
  segments: string[],
  depth: number,
  verb: string,
  values: string[],
): ReadonlyMap<string, Target> | undefined {
  const segment = segments[depth];
  if (segment === undefined) return node.targets.get(verb);
  const literal = node.literals.get(segment);
  const found = literal && find(literal, segments, depth + 1, verb, values);
  if (found || !node.variable || segment === "") return found;
  values.push(segment);
  const bound = find(node.variable, segments, depth + 1, verb, values);
  if (!bound) values.pop();
  return bound;
}

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidField("", "The path is not valid percent-encoded UTF-8. Write a literal % as %25.");
  }
}

/** Value of the `Allow` header (RFC 9110 §10.2.1). */
export function allowedMethods<Target>({ targets }: Match<Target>): string {
  const methods = [...targets.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...methods, "OPTIONS"].join(", ");
}
