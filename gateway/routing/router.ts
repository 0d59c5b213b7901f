import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { PathTemplate } from "./http-rule.ts";
import type { KnownRoute } from "./nearest-route.ts";

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
  /** Targets by HTTP method. */
  readonly targets: Map<string, Target>;
}

const newNode = <Target>(): Node<Target> => ({
  literals: new Map(),
  variable: undefined,
  targets: new Map(),
});

/**
 * Matches paths against `google.api.http` templates:
 *
 * - A verb is a segment of its own, after a colon or a slash: `/v1/bookings/b1:cancel` and
 *   `/v1/bookings/b1/cancel` are the same path. Many client generators cannot write the colon.
 * - Each segment is percent-decoded separately. An encoded slash is plain text, an encoded colon is a colon.
 * - Paths are case-sensitive, and `/v1/bookings/` is another path than `/v1/bookings`.
 * - A literal takes precedence over a variable, whichever was added first.
 */
export class Router<Target> {
  readonly #root: Node<Target> = newNode();
  readonly #routes: KnownRoute[] = [];

  /** Adds a target. Throws if another target has the same method and path. */
  add(httpMethod: string, template: PathTemplate, target: Target): void {
    let node = this.#root;
    for (const segment of template.segments) node = child(node, segment);
    if (template.verb !== "") node = verbChild(node, template.verb);
    if (node.targets.has(httpMethod)) {
      throw new Error(`two routes for ${httpMethod} ${JSON.stringify(template)}`);
    }
    node.targets.set(httpMethod, target);
    this.#routes.push({ httpMethod, template });
  }

  get routes(): Iterable<KnownRoute> {
    return this.#routes;
  }

  /**
   * Finds the targets for a path; undefined if there are none. Throws INVALID_REQUEST for invalid
   * percent-encoding.
   */
  match(path: string): Match<Target> | undefined {
    if (!path.startsWith("/")) return undefined;
    const segments = path.slice(1).split("/").map(decodeSegment);
    splitVerb(segments);
    const values: string[] = [];
    const targets = find(this.#root, segments, 0, values);
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

/** The child for a verb. Its keys `cancel` and `:cancel` are the two ways to write it. */
function verbChild<Target>(node: Node<Target>, verb: string): Node<Target> {
  const found = child(node, { kind: "literal", text: verb });
  node.literals.set(`:${verb}`, found);
  return found;
}

function find<Target>(
  node: Node<Target>,
  segments: string[],
  depth: number,
  values: string[],
): ReadonlyMap<string, Target> | undefined {
  const segment = segments[depth];
  if (segment === undefined) return node.targets.size > 0 ? node.targets : undefined;
  const literal = node.literals.get(segment);
  const found = literal && find(literal, segments, depth + 1, values);
  if (found || !node.variable || segment === "" || segment.startsWith(":")) return found;
  values.push(segment);
  const bound = find(node.variable, segments, depth + 1, values);
  if (!bound) values.pop();
  return bound;
}

/** Makes the verb after the last colon of the last segment a segment of its own, with its colon. */
function splitVerb(segments: string[]): void {
  const last = segments.at(-1) ?? "";
  const colon = last.lastIndexOf(":");
  if (colon >= 0) segments.splice(-1, 1, last.slice(0, colon), last.slice(colon));
}

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidField("", "The path is not valid percent-encoded UTF-8. Write a literal % as %25.");
  }
}

/** Methods of a path, for its `Allow` header (RFC 9110 §10.2.1). */
export function allowedMethods<Target>({ targets }: Match<Target>): string[] {
  const methods = [...targets.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...methods, "OPTIONS"];
}
