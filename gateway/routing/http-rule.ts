import type { HttpRule } from "@medconnect/proto/es/google/api/http_pb.d.ts";

/** One segment of a path template: fixed text, or a variable that fills a field of the request. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  /** Path to the field, in proto names: `["doctor", "id"]`. */
  | { readonly kind: "variable"; readonly fieldPath: readonly string[] };

/** A parsed `google.api.http` path: `/v1/bookings/{booking_id}:cancel`. */
export interface PathTemplate {
  readonly segments: readonly Segment[];
  /** Custom verb (AIP-136) after the last colon, or "". */
  readonly verb: string;
}

/** An HTTP method, a path, and the field that the body fills. */
export interface HttpBinding {
  readonly httpMethod: string;
  readonly template: PathTemplate;
  /**
   * Name of the field that the body fills; "*" means all fields that the path does not fill; "" means no
   * body.
   */
  readonly body: string;
}

const LITERAL = /^[A-Za-z0-9._~-]+$/;
const FIELD_PATH = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/;
const VERB = /^[A-Za-z][A-Za-z0-9]*$/;

/**
 * Parses the path syntax of google/api/http.proto. Wildcards over several segments (`**`, `{name=shelves/*}`)
 * are not supported, because the resources of this API have plain ids. Throws for a path that it cannot
 * parse, which is a mistake in a proto.
 */
export function parsePathTemplate(path: string): PathTemplate {
  const refuse = (why: string) => new Error(`HTTP rule "${path}": ${why}`);
  if (!path.startsWith("/")) throw refuse("must begin with a slash");
  const colon = path.lastIndexOf(":");
  const hasVerb = colon > path.lastIndexOf("/");
  const verb = hasVerb ? path.slice(colon + 1) : "";
  if (hasVerb && !VERB.test(verb)) throw refuse(`"${verb}" is not a verb of letters and digits`);
  const segments = (hasVerb ? path.slice(0, colon) : path)
    .slice(1)
    .split("/")
    .map((text): Segment => {
      if (LITERAL.test(text)) return { kind: "literal", text };
      const fieldPath = /^\{([^=}]+)(=\*)?\}$/.exec(text)?.[1];
      if (!fieldPath || !FIELD_PATH.test(fieldPath)) throw refuse(`"${text}" is neither text nor a {field}`);
      return { kind: "variable", fieldPath: fieldPath.split(".") };
    });
  return { segments, verb };
}

/**
 * Parses a rule with its `additional_bindings`. Returns one binding for the rule and one for each additional
 * binding.
 */
export function parseHttpRule(rule: HttpRule): HttpBinding[] {
  const { pattern } = rule;
  const [httpMethod, path] =
    pattern.case === "custom" ? [pattern.value.kind, pattern.value.path] : [pattern.case, pattern.value];
  if (!httpMethod || !path) throw new Error("An HTTP rule has no method and path");
  if (rule.responseBody !== "") throw new Error(`HTTP rule "${path}": response_body is not supported`);
  const binding = {
    httpMethod: httpMethod.toUpperCase(),
    template: parsePathTemplate(path),
    body: rule.body,
  };
  return [binding, ...rule.additionalBindings.flatMap(parseHttpRule)];
}
