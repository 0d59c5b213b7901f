import { typingErrors } from "@medconnect/platform/errors/did-you-mean.ts";
import { distance } from "fastest-levenshtein";
import type { PathTemplate } from "./http-rule.ts";

export interface KnownRoute {
  readonly httpMethod: string;
  readonly template: PathTemplate;
}

/** Paths beyond these limits get no suggestion, so that a caller cannot make the search expensive. */
const MAX_LENGTH = 300;
const MAX_SEGMENTS = 10;

/** Cost of a route with another HTTP method, in typing errors. */
const OTHER_METHOD = 1;
/** Cost of a word such as `cancell` in the place of an id. */
const WORD_AS_ID = 1;

/**
 * Describes an unknown path, and suggests the route that was meant: "No route POST /v1/bookings/…/cancell; did
 * you mean :cancel?". Shows words only; ids and other values become "…".
 */
export function describeUnknownPath(routes: Iterable<KnownRoute>, httpMethod: string, path: string): string {
  const segments = path.length <= MAX_LENGTH ? segmentsOf(path) : [];
  const meant = segments.length > MAX_SEGMENTS ? undefined : nearest(routes, httpMethod, segments);
  const sent = `No route ${httpMethod} ${path.length <= MAX_LENGTH ? withoutValues(path) : "with so long a path"}`;
  return meant
    ? `${sent}; did you mean ${suggestion(meant, httpMethod, segments)}?`
    : `${sent}; /docs and /openapi.json list the routes.`;
}

/** Segments of a path, with a verb after a colon as a segment of its own. Empty segments are left out. */
const segmentsOf = (path: string): string[] => path.split(/\/|(?=:)/).filter((segment) => segment !== "");

/** A path of a client without ids, names and other values. */
const withoutValues = (path: string): string =>
  path.replace(/[^/:]+/g, (segment) => (/^(?:[A-Za-z_-]{1,40}|v\d{1,2})$/.test(segment) ? segment : "…"));

function nearest(
  routes: Iterable<KnownRoute>,
  httpMethod: string,
  segments: readonly string[],
): KnownRoute | undefined {
  let best: KnownRoute | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const route of routes) {
    const methodCost = route.httpMethod === httpMethod ? 0 : OTHER_METHOD;
    const cost =
      methodCost + Math.min(...variantsOf(segments).map((variant) => pathCost(route.template, variant)));
    if (cost < least) [best, least] = [route, cost];
  }
  return best;
}

/** The path as sent, without a prefix such as /api, and with the version that it lacks. */
function variantsOf([first = "", ...rest]: readonly string[]): readonly (readonly string[])[] {
  const sent = [first, ...rest];
  return first === "v1" ? [sent] : [sent, rest, ["v1", ...sent]];
}

/** Typing errors between a template and a path; infinite for a path of another shape. */
function pathCost({ segments, verb }: PathTemplate, path: readonly string[]): number {
  if (path.length !== segments.length + (verb === "" ? 0 : 1)) return Number.POSITIVE_INFINITY;
  let cost = verb === "" ? 0 : wordCost(verb, (path.at(-1) ?? "").replace(/^:/, ""));
  for (const [index, segment] of segments.entries()) {
    const sent = path[index] ?? "";
    if (segment.kind === "literal") cost += wordCost(segment.text, sent);
    else cost += /[\d{}]/.test(sent) ? 0 : WORD_AS_ID;
  }
  return cost;
}

/** Typing errors between two words; infinite for words that are not close. */
function wordCost(word: string, sent: string): number {
  const most = typingErrors(word.length);
  if (Math.abs(word.length - sent.length) > most) return Number.POSITIVE_INFINITY;
  const errors = distance(word.toLowerCase(), sent.toLowerCase());
  return errors <= most ? errors : Number.POSITIVE_INFINITY;
}

/** The part of a route that differs: its verb, or else its path, with its method if that differs, too. */
function suggestion(
  { httpMethod, template }: KnownRoute,
  sentMethod: string,
  sent: readonly string[],
): string {
  const literals = template.segments.map((segment) => (segment.kind === "literal" ? segment.text : "…"));
  const isRestEqual = literals.every((text, index) => text === "…" || text === sent[index]);
  if (template.verb !== "" && isRestEqual && httpMethod === sentMethod) return `:${template.verb}`;
  const path = `/${literals.join("/")}${template.verb && `:${template.verb}`}`;
  return httpMethod === sentMethod ? path : `${httpMethod} ${path}`;
}
