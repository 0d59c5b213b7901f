import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

type Json = Record<string, unknown>;

type Responses = Record<string, { $ref?: string; content?: Record<string, { schema: Json }> }>;

interface OpenApi {
  paths: Record<string, Record<string, { responses: Responses }>>;
  components: { responses: Responses };
}

/** Checks answers against the OpenAPI document that the gateway serves. */
export class AnswerSchemas {
  readonly #document: OpenApi;
  readonly #paths: { path: string; pattern: RegExp }[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: Json) {
    this.#document = document as unknown as OpenApi;
    this.#paths = Object.keys(this.#document.paths).map((path) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    }));
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(document, "/openapi.json");
  }

  /** Returns how a JSON answer differs from the document; "" if it does not. */
  check(method: string, target: string, status: number, body: Json): string {
    const pointer = this.#schemaOf(method, target, status);
    if (pointer === undefined) return "";
    const validate = this.#ajv.getSchema(`/openapi.json${pointer}`) as ValidateFunction | undefined;
    if (!validate) return `the document has no ${pointer}`;
    return validate(body) ? "" : this.#ajv.errorsText(validate.errors, { dataVar: "" });
  }

  /**
   * JSON pointer to the schema of an answer; undefined if the document has none. Errors are problems at every
   * path.
   */
  #schemaOf(method: string, target: string, status: number): string | undefined {
    const path = target.replace(/\?.*/, "").replace(/(?::|%3a)(?=\w+$)/i, "/");
    const literal = this.#paths.find((each) => each.path === path);
    const found = literal ?? this.#paths.find(({ pattern }) => pattern.test(path));
    const responses = found && this.#document.paths[found.path]?.[method.toLowerCase()]?.responses;
    if (!found || !responses) return status >= 400 ? "#/components/schemas/Problem" : undefined;
    const key = status in responses ? String(status) : "default";
    const { $ref, content } = responses[key] ?? {};
    const place = $ref ?? `#/paths/${escaped(found.path)}/${method.toLowerCase()}/responses/${key}`;
    const response =
      $ref === undefined
        ? content
        : this.#document.components.responses[$ref.split("/").at(-1) ?? ""]?.content;
    const type = Object.keys(response ?? {}).find((each) => /[/+]json$/.test(each));
    return type && `${place}/content/${escaped(type)}/schema`;
  }
}

/** Escapes a key for a JSON pointer (RFC 6901) in a URI fragment. */
const escaped = (key: string): string => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
